// Leaves over simulated networks: real files, real TLS, beacons, and no node.

#include "mesh/leaf/leaf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mesh/leaf/testing/household.h"
#include "mesh/trust/pairing.h"
#include "runtime/sim/world.h"

namespace kith::mesh {
namespace {

using testing::Household;

constexpr std::uint16_t kPort = 7884;

/// A machine with a leaf on it, and what the leaf has told.
class Place final : LeafOwner {
  public:
    Place(runtime::sim::World& world, const std::string& name, const std::string& data)
        : world_(world), machine_(world.add_host(name, 1, log_)), data_(data), name_(name) {}
    ~Place() { stop(); }

    std::vector<std::string> heard;
    std::vector<LeafState> states;
    std::string why;
    std::string code;
    std::vector<LeafOutcome> outcomes;
    int subscribed = 0;
    std::function<void(const LeafMessage&)> on_message;

    void start(std::vector<std::string> peers = {}, LeafMessages::Limits limits = {}) {
        run([&](runtime::Shard& shard) {
            leaf_ = std::make_unique<Leaf>(shard,
                                           LeafOptions{.data = data_,
                                                       .name = name_,
                                                       .listen = machine_.address(kPort),
                                                       .peers = std::move(peers),
                                                       .timing = {},
                                                       .messages = limits},
                                           Leaf::Ports{.log = log_,
                                                       .files = machine_.blocking_pool(),
                                                       .names = machine_.blocking_pool(),
                                                       .owner = *this});
            leaf_->start();
        });
    }
    void stop() {
        if (leaf_ == nullptr) {
            return;
        }
        bool is_over = false;
        run([&](runtime::Shard&) { leaf_->close([&is_over] { is_over = true; }); });
        EXPECT_TRUE(world_.run_until([&] { return is_over; }, 10s));
        run([this](runtime::Shard&) { leaf_.reset(); });
    }
    [[nodiscard]] std::string address() { return machine_.address(kPort).to_string(); }
    [[nodiscard]] runtime::sim::Host& machine() { return machine_; }
    [[nodiscard]] bool is_linked() { return leaf_->is_linked(); }
    [[nodiscard]] LeafState state() { return leaf_->view().state; }
    [[nodiscard]] LeafView view() { return leaf_->view(); }
    [[nodiscard]] Leaf& leaf() { return *leaf_; }

    void subscribe(const std::string& filter, std::uint32_t number = 1) {
        const int before = subscribed;
        run([&](runtime::Shard&) {
            ASSERT_TRUE(leaf_->messages().subscribe(bus::SubscriptionFilter::create(filter).value(),
                                                    number, [this] { ++subscribed; }));
        });
        EXPECT_TRUE(world_.run_until([&] { return subscribed > before; }, 10s));
    }
    [[nodiscard]] Status publish(LeafPublication publication) {
        Status status;
        run([&](runtime::Shard&) {
            status = leaf_->messages().publish(std::move(publication), [this](LeafOutcome outcome) {
                outcomes.push_back(outcome);
            });
        });
        return status;
    }
    /// In a turn of its shard.
    void run(const std::function<void(runtime::Shard&)>& action) {
        bool is_done = false;
        machine_.shard(ShardId(0)).post_completion(runtime::make_mail([&](runtime::Shard& shard) {
            action(shard);
            is_done = true;
        }));
        ASSERT_TRUE(world_.run_until([&] { return is_done; }, 1min));
    }

  private:
    void on_leaf_state(LeafState state, const std::string& reason) override {
        states.push_back(state);
        why = reason;
    }
    void on_leaf_pairing_code(const std::string& given) override { code = given; }
    void on_leaf_message(const LeafMessage& message) override {
        heard.push_back(std::string(message.topic) + " " + std::string(as_text(message.payload)));
        if (on_message) {
            on_message(message);
        }
    }

    Log log_;
    runtime::sim::World& world_;
    runtime::sim::Host& machine_;
    std::string data_;
    std::string name_;
    std::unique_ptr<Leaf> leaf_;
};

class LeafTest : public ::testing::Test {
  protected:
    [[nodiscard]] std::unique_ptr<Place> place(const std::string& name) {
        return place_at(name, home.member(name));
    }
    [[nodiscard]] std::unique_ptr<Place> place_at(const std::string& name,
                                                  const std::string& data) {
        return std::make_unique<Place>(world, name, data);
    }
    [[nodiscard]] bool until(const std::function<bool()>& done, Duration limit = 30s) {
        return world.run_until(done, limit);
    }
    static LeafPublication say(const std::string& topic, const std::string& payload,
                               Qos qos = Qos::AtLeastOnce) {
        return {.topic = topic, .properties = {}, .payload = payload, .qos = qos};
    }

    runtime::sim::World world{{.seed = 5}};
    Household home{WallTime::from_ms(1'800'000'000'000)};
};

TEST_F(LeafTest, TwoFindEachOtherAndTalk) {
    const auto clock = place("clock");
    const auto coffee = place("coffee");
    clock->start();
    coffee->start();
    ASSERT_TRUE(until([&] { return clock->is_linked() && coffee->is_linked(); }));
    coffee->subscribe("clock/#");
    ASSERT_TRUE(clock->publish(say("clock/state", "ringing")));
    ASSERT_TRUE(clock->publish(say("clock/time", "07:00", Qos::AtMostOnce)));
    ASSERT_TRUE(clock->publish(say("clock/once", "only", Qos::ExactlyOnce)));
    ASSERT_TRUE(until([&] { return coffee->heard.size() == 3 && clock->outcomes.size() == 3; }));
    EXPECT_EQ(coffee->heard, (std::vector<std::string>{"clock/state ringing", "clock/time 07:00",
                                                       "clock/once only"}));
    EXPECT_EQ(clock->outcomes, std::vector(3, LeafOutcome::Done));
    EXPECT_EQ(clock->view().core.custody_held, 0U);
    EXPECT_EQ(clock->view().link_count, 1U);
}

TEST_F(LeafTest, WhatIsPublishedBeforeTheFirstLinkMissesNobody) {
    const auto clock = place("clock");
    const auto coffee = place("coffee");
    clock->start();
    ASSERT_TRUE(clock->publish(say("clock/state", "ringing")));
    world.run_for(5s);
    EXPECT_TRUE(clock->outcomes.empty());
    coffee->start();
    coffee->subscribe("clock/#");
    ASSERT_TRUE(until([&] { return coffee->heard.size() == 1 && clock->outcomes.size() == 1; }));
}

TEST_F(LeafTest, HearsWhatItPublishesItself) {
    const auto clock = place("clock");
    const auto coffee = place("coffee");
    clock->start();
    coffee->start();
    clock->subscribe("clock/#");
    ASSERT_TRUE(clock->publish(say("clock/state", "ringing")));
    ASSERT_TRUE(until([&] { return clock->heard.size() == 1; }));
}

TEST_F(LeafTest, TenAreAllLinkedToEachOtherSinceNobodyForwards) {
    std::vector<std::unique_ptr<Place>> places;
    for (int i = 0; i < 10; ++i) {
        places.push_back(place("m" + std::to_string(i)));
        places.back()->start();
    }
    const auto all_reach_all = [&] {
        return std::ranges::all_of(
            places, [](const auto& one) { return one->view().reachable_count == 9; });
    };
    ASSERT_TRUE(until(all_reach_all, 1min));
    world.run_for(1min);
    EXPECT_TRUE(all_reach_all()) << "and stay so";
}

TEST_F(LeafTest, KnowsAtOnceThatNobodyIsThereToAsk) {
    const auto clock = place("clock");
    const auto coffee = place("coffee");
    clock->start();
    coffee->start();
    coffee->subscribe("brew");
    LeafPublication question = say("brew", "lungo", Qos::ExactlyOnce);
    question.needs_receiver = true;
    ASSERT_TRUE(clock->publish(question));
    ASSERT_TRUE(until([&] { return clock->outcomes.size() == 1; }, 1s));
    EXPECT_EQ(clock->outcomes.back(), LeafOutcome::Done);
    LeafPublication nobody = say("grind", "fine", Qos::ExactlyOnce);
    nobody.needs_receiver = true;
    ASSERT_TRUE(clock->publish(nobody));
    ASSERT_TRUE(until([&] { return clock->outcomes.size() == 2; }, 10ms));
    EXPECT_EQ(clock->outcomes.back(), LeafOutcome::NoReceiver);
    coffee->machine().cut();
    ASSERT_TRUE(until([&] { return clock->state() == LeafState::Alone; }));
    ASSERT_TRUE(clock->publish(question));
    ASSERT_TRUE(until([&] { return clock->outcomes.size() == 3; }, 10ms));
    EXPECT_EQ(clock->outcomes.back(), LeafOutcome::NoReceiver) << "it was there, and is not now";
}

TEST_F(LeafTest, KeepsForWhoIsAwayAndDoesNotWaitForThem) {
    const auto clock = place("clock");
    const auto coffee = place("coffee");
    clock->start();
    coffee->start();
    coffee->subscribe("clock/#");
    coffee->machine().cut();
    ASSERT_TRUE(until([&] { return clock->state() == LeafState::Alone; }));
    ASSERT_TRUE(clock->publish(say("clock/state", "ringing")));
    ASSERT_TRUE(until([&] { return clock->outcomes.size() == 1; }, 1s));
    coffee->machine().mend();
    ASSERT_TRUE(until([&] { return coffee->heard.size() == 1; }, 2min));
}

TEST_F(LeafTest, AForeignLeafIsNotLinkedToAndCounted) {
    Household others(WallTime::from_ms(1'800'000'000'000));
    const auto clock = place("clock");
    const auto stranger = place_at("stranger", others.member("stranger"));
    clock->start();
    stranger->start({clock->address()});
    world.run_for(30s);
    EXPECT_EQ(clock->state(), LeafState::Alone);
    EXPECT_EQ(stranger->state(), LeafState::Alone);
    const LeafView seen = clock->view();
    EXPECT_GT(seen.discovery.counters.beacons[static_cast<std::size_t>(BeaconVerdict::Elsewhere)],
              0U);
    EXPECT_GT(seen.links.handshakes_broken + seen.links.not_members, 0U);
    EXPECT_EQ(seen.core.frames_in, 0U);
}

TEST_F(LeafTest, WithoutAMembershipItIsUnpairedUntilItGetsOne) {
    const auto clock = place("clock");
    const std::string data = home.make("coffee");
    const auto coffee = place_at("coffee", data);
    clock->start();
    coffee->start();
    world.run_for(5s);
    EXPECT_EQ(coffee->state(), LeafState::Unpaired);
    EXPECT_EQ(clock->state(), LeafState::Alone);
    home.let_in(data, "coffee");
    ASSERT_TRUE(until([&] { return coffee->is_linked() && clock->is_linked(); }));
}

TEST_F(LeafTest, WhoKnowsItsCodeLetsItIn) {
    const auto founder = place_at("founder", home.founder_path());
    const auto coffee = place_at("coffee", home.make("coffee"));
    founder->start();
    coffee->start();
    ASSERT_TRUE(until([&] { return !coffee->code.empty(); }));
    crypto::SystemSecrets secrets;
    std::unique_ptr<PairingPort> port;
    const auto offer = [&](const std::string& code) {
        const auto datagram = make_pairing_offer(code, home.token({founder->address()}), secrets);
        founder->run([&](runtime::Shard& shard) {
            port = std::make_unique<PairingPort>(shard, "", nullptr);
            port->refresh();
            EXPECT_TRUE(port->send(datagram));
        });
        world.run_for(10s);
    };
    offer(make_pairing_code(secrets));
    EXPECT_EQ(coffee->state(), LeafState::Unpaired) << "another code";
    offer(coffee->code);
    EXPECT_TRUE(until([&] { return coffee->is_linked() && founder->is_linked(); }));
    founder->run([&](runtime::Shard&) { port.reset(); });
}

TEST_F(LeafTest, SaysWhatIsInTheWayOfJoiningAndMayBePairedWhenItsTokenHasEnded) {
    const std::string data = home.make("coffee");
    crypto::SystemSecrets secrets;
    ASSERT_TRUE(MeshDirectory(data).begin_join(home.token({"10.99.0.1:1"}), "coffee", secrets));
    const auto coffee = place_at("coffee", data);
    coffee->start();
    ASSERT_TRUE(until([&] { return coffee->why.find("10.99.0.1:1") != std::string::npos; }))
        << coffee->why;
    EXPECT_EQ(coffee->state(), LeafState::Joining);
    EXPECT_TRUE(coffee->code.empty());
    world.run_for(kInviteLifetimeDefault);
    EXPECT_FALSE(coffee->code.empty());
}

TEST_F(LeafTest, OneDirectoryIsForOneProgram) {
    const auto clock = place("clock");
    clock->start();
    const auto other = place_at("other", home.founder_path() + "/../clock");
    other->start();
    world.run_for(1s);
    EXPECT_EQ(other->state(), LeafState::Broken);
    EXPECT_EQ(clock->state(), LeafState::Alone);
}

TEST_F(LeafTest, JoinsByATokenAtALeafThatHoldsTheAuthority) {
    const auto founder = place_at("founder", home.founder_path());
    founder->start();
    world.run_for(1s);
    const std::string data = home.make("clock");
    crypto::SystemSecrets secrets;
    ASSERT_TRUE(MeshDirectory(data).begin_join(home.token({founder->address()}), "clock", secrets));
    const auto clock = place_at("clock", data);
    clock->start();
    ASSERT_TRUE(until([&] { return clock->is_linked() && founder->is_linked(); }));
    EXPECT_EQ(MeshDirectory(data).load()->state, MembershipState::Member);
    EXPECT_EQ(MeshDirectory(data).load()->role, NodeRole::Leaf);
}

TEST_F(LeafTest, WhoIsRevokedIsPutOut) {
    const auto founder = place_at("founder", home.founder_path());
    const auto clock = place("clock");
    founder->start();
    clock->start();
    ASSERT_TRUE(until([&] { return clock->is_linked() && founder->is_linked(); }));
    MeshDirectory directory = home.founder();
    ASSERT_TRUE(directory.revoke(*clock->view().node, WallTime::from_ms(1'800'000'100'000)));
    ASSERT_TRUE(until([&] { return founder->state() == LeafState::Alone; }));
    world.run_for(1min);
    EXPECT_EQ(founder->state(), LeafState::Alone);
}

TEST_F(LeafTest, RefusesMoreMessagesThanItKeeps) {
    const auto clock = place("clock");
    clock->start({}, {.messages_max = 2, .bytes_max = 100});
    EXPECT_TRUE(clock->publish(say("a", "1")));
    EXPECT_FALSE(clock->publish(say("a", std::string(100, 'x'))));
    EXPECT_TRUE(clock->publish(say("a", "2")));
    const Status third = clock->publish(say("a", "3"));
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().kind, ErrorKind::Limit);
}

TEST_F(LeafTest, FilesThatCannotBeReadAreTold) {
    const std::string data = home.member("clock");
    ASSERT_TRUE(write_private_file(data + "/mesh/node.key", "nonsense"));
    const auto clock = place_at("clock", data);
    clock->start();
    ASSERT_TRUE(until([&] { return clock->state() == LeafState::Broken; }));
    EXPECT_NE(clock->why.find("node.key"), std::string::npos) << clock->why;
}

}  // namespace
}  // namespace kith::mesh

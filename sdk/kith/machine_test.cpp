#include "sdk/kith/machine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "crypto/secrets.h"
#include "crypto/token.h"
#include "node/node.h"
#include "storage/sqlite/sqlite_stores.h"
#include "storage/testing/temp_directory.h"

namespace kith {
namespace {

using std::chrono::seconds;

/// A whole node on free ports, in a directory of its own.
class TestNode {
  public:
    TestNode() {
        node::NodeConfig config{.data_directory = directory_.path(), .workers = 2};
        config.mqtt.address = "127.0.0.1:0";
        config.mqtts.address = "127.0.0.1:0";
        config.http.address = "off";
        make_token();
        auto started = node::Node::start(config, log_, {.vfs = {}, .unsafe_no_sync = true});
        EXPECT_TRUE(started) << started.error().text;
        node_ = std::move(*started);
    }
    ~TestNode() { node_->stop(); }

    [[nodiscard]] std::string address() const { return node_->addresses().mqtt->to_string(); }
    [[nodiscard]] MachineOptions options() const { return {.node = address()}; }
    [[nodiscard]] MachineOptions tls_options() const {
        return {.node = "localhost:" + std::to_string(node_->addresses().mqtts->port()),
                .token = token_,
                .tls = true,
                .ca_file = directory_.file("ca.pem")};
    }

  private:
    void make_token() {
        crypto::SystemSecrets secrets;
        const crypto::Token token = crypto::make_token(secrets);
        auto store = storage::open_control_store({.path = directory_.file("control.db")});
        ASSERT_TRUE(store);
        ASSERT_TRUE((*store)->add_token({.id = token.id,
                                         .name = "test",
                                         .role = "machine",
                                         .secret_digest = crypto::token_digest(token.text),
                                         .topic_roles = "free"}));
        token_ = token.text;
    }

    storage::testing::TempDirectory directory_;
    Log log_;
    std::string token_;
    std::unique_ptr<node::Node> node_;
};

/// Why the first connection of a machine with these options is not made.
Failure first_failure(MachineOptions options) {
    std::promise<Failure> reason;
    options.on_link = [&, is_told = false](const LinkChange& change) mutable {
        if (!std::exchange(is_told, true)) {
            reason.set_value(change.reason);
        }
    };
    const Machine machine("alarm-clock", std::move(options));
    return reason.get_future().get();
}

/// The options of a machine whose node does not exist: nothing listens on port 1.
MachineOptions nowhere() {
    return {.node = "127.0.0.1:1"};
}

TEST(Machine, ConnectsPublishesAndHears) {
    const TestNode node;
    Machine clock("alarm-clock", node.options());
    ASSERT_TRUE(clock.wait_connected());
    EXPECT_TRUE(clock.is_connected());
    EXPECT_EQ(clock.id(), "alarm-clock");
    std::promise<Message> heard;
    ASSERT_TRUE(clock
                    .subscribe("alarm-clock/time",
                               [&](const Message& message) { heard.set_value(message); })
                    .get());
    ASSERT_TRUE(clock.publish("alarm-clock/time", "07:00", {.retain = true}).get());
    const Message message = heard.get_future().get();
    EXPECT_EQ(message.payload, "07:00");
    EXPECT_FALSE(message.retained);
    EXPECT_TRUE(clock.unsubscribe("alarm-clock/time").get());
}

TEST(Machine, CallsAreServedAcrossMachines) {
    const TestNode node;
    Machine maker("coffee-maker", node.options());
    ASSERT_TRUE(maker
                    .serve("brew",
                           [](const Request& request) -> Outcome<std::string> {
                               if (request.payload.empty()) {
                                   return Failure{FailureKind::Refused, "brew what?"};
                               }
                               return "brewing " + request.payload;
                           })
                    .get());
    Machine clock("alarm-clock", node.options());
    const auto answer = clock.call("coffee-maker", "brew", "lungo");
    ASSERT_TRUE(answer) << answer.failure().text;
    EXPECT_EQ(*answer, "brewing lungo");
    const auto refused = clock.call("coffee-maker", "brew");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.failure().text, "brew what?");
}

TEST(Machine, AReplyMayBeGivenFromAnotherThread) {
    const TestNode node;
    Machine maker("coffee-maker", node.options());
    std::promise<Machine::Reply> kept;
    ASSERT_TRUE(maker
                    .serve("brew", [&](const Request&,
                                       const Machine::Reply& reply) { kept.set_value(reply); })
                    .get());
    std::thread brewer([&] { kept.get_future().get()(std::string("ready")); });
    Machine clock("alarm-clock", node.options());
    const auto answer = clock.call("coffee-maker", "brew");
    brewer.join();
    ASSERT_TRUE(answer) << answer.failure().text;
    EXPECT_EQ(*answer, "ready");
}

TEST(Machine, ConnectsByNameOverTlsWithAToken) {
    const TestNode node;
    Machine clock("alarm-clock", node.tls_options());
    const Done connected = clock.wait_connected();
    ASSERT_TRUE(connected) << connected.failure().text;
    EXPECT_TRUE(clock.publish("alarm-clock/time", "07:00").get());
}

TEST(Machine, AWrongTokenAndAnUnknownAuthorityAreRefused) {
    const TestNode node;
    MachineOptions options = node.tls_options();
    options.token = "kk_wrong";
    const Failure wrong = first_failure(options);
    EXPECT_EQ(wrong.kind, FailureKind::Refused);
    EXPECT_EQ(wrong.text, "bad user name or password");
    options = node.tls_options();
    options.ca_file.clear();
    EXPECT_EQ(first_failure(options).kind, FailureKind::Offline);
}

TEST(Machine, WithoutANodeEverythingSaysSo) {
    Machine clock("alarm-clock", nowhere());
    EXPECT_FALSE(clock.is_connected());
    const Done waited = clock.wait_connected(std::chrono::milliseconds(50));
    ASSERT_FALSE(waited);
    EXPECT_EQ(waited.failure().kind, FailureKind::Offline);
    auto published = clock.publish("x", "y");
    const auto called = clock.call("coffee-maker", "brew", "", std::chrono::milliseconds(50));
    ASSERT_FALSE(called);
    EXPECT_EQ(called.failure().kind, FailureKind::Offline);
    clock.close(std::chrono::milliseconds(10));
    const Done outcome = published.get();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.failure().kind, FailureKind::Stopped);
}

TEST(Machine, AfterCloseEverythingIsStopped) {
    Machine clock("alarm-clock", nowhere());
    clock.close(std::chrono::milliseconds(0));
    clock.close(std::chrono::milliseconds(0));
    EXPECT_EQ(clock.wait_connected().failure().kind, FailureKind::Stopped);
    EXPECT_EQ(clock.publish("x", "y").get().failure().kind, FailureKind::Stopped);
    EXPECT_EQ(clock.subscribe("x", [](const Message&) {}).get().failure().kind,
              FailureKind::Stopped);
    EXPECT_EQ(clock.call("a", "b").failure().kind, FailureKind::Stopped);
    clock.post([] { ADD_FAILURE() << "ran after the end"; });
}

TEST(Machine, WhatCannotBeIsToldByEveryOperation) {
    for (const char* id : {"", "a/b", "+", "node", "any"}) {
        Machine machine(id, nowhere());
        const Done done = machine.publish("x", "y").get();
        ASSERT_FALSE(done) << id;
        EXPECT_EQ(done.failure().kind, FailureKind::Invalid);
    }
    Machine machine("clock", {.node = "127.0.0.1:1", .tls = true, .ca_file = "/no/such/file"});
    const Done waited = machine.wait_connected();
    ASSERT_FALSE(waited);
    EXPECT_EQ(waited.failure().text, "cannot read /no/such/file");
}

TEST(Machine, HandlersShareAThreadAndMustNotWaitOnIt) {
    Machine clock("alarm-clock", nowhere());
    std::promise<std::pair<Done, Outcome<std::string>>> given;
    clock.post([&] {
        given.set_value({clock.wait_connected(), clock.call("coffee-maker", "brew")});
    });
    const auto [waited, called] = given.get_future().get();
    EXPECT_EQ(waited.failure().kind, FailureKind::Invalid);
    EXPECT_EQ(called.failure().kind, FailureKind::Invalid);
}

TEST(Machine, PostedActionsKeepTheirPlaceAmongOtherCalls) {
    Machine clock("alarm-clock", nowhere());
    std::atomic<int> ran = 0;
    for (int i = 1; i <= 100; ++i) {
        clock.post([&] { ++ran; });
        // Refused on the machine's thread, at once.
        EXPECT_FALSE(clock.subscribe("a/#/b", [](const Message&) {}).get());
        EXPECT_EQ(ran, i);
    }
}

TEST(Machine, TimersRunOnTheMachinesThread) {
    Machine clock("alarm-clock", nowhere());
    std::promise<void> done;
    int ticks = 0;  // the machine's thread alone
    clock.every(std::chrono::milliseconds(1), [&] { ++ticks; });
    clock.every(std::chrono::milliseconds(1), [&, is_told = false]() mutable {
        if (ticks >= 3 && !std::exchange(is_told, true)) {
            done.set_value();
        }
    });
    done.get_future().wait();
}

TEST(Machine, ManyThreadsMayPublish) {
    constexpr int kThreads = 4;
    constexpr int kEach = 500;
    const TestNode node;
    Machine clock("alarm-clock", node.options());
    std::atomic<int> heard = 0;
    std::promise<void> all;
    ASSERT_TRUE(clock
                    .subscribe("x",
                               [&](const Message&) {
                                   if (++heard == kThreads * kEach) {
                                       all.set_value();
                                   }
                               })
                    .get());
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
            for (int n = 0; n < kEach; ++n) {
                EXPECT_TRUE(clock.publish("x", std::to_string(n)).get());
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    all.get_future().wait();
    EXPECT_EQ(heard, kThreads * kEach);
}

}  // namespace
}  // namespace kith

// Machines that are members of a mesh, with their threads, on this computer's loopback. How they
// find each other there, and what becomes of them without links, is tested over the simulation
// (src/mesh/leaf) and with programs (tests/integration).
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "mesh/leaf/testing/household.h"
#include "node/process_facts.h"
#include "sdk/kith/machine.h"

namespace kith {
namespace {

using mesh::testing::Household;

class MachineMesh : public testing::Test {
  protected:
    [[nodiscard]] static MachineOptions options(const std::string& mesh,
                                                std::vector<std::string> peers = {}) {
        return {.mesh = mesh,
                .mesh_listen = "127.0.0.1:0",
                .mesh_peers = std::move(peers),
                .retry_min = std::chrono::milliseconds(1)};
    }
    /// Where a machine listens, once it does.
    [[nodiscard]] static std::string address_of(const std::string& directory) {
        while (true) {
            const auto noted = mesh::MeshDirectory(directory).noted_address();
            if (noted && *noted) {
                return **noted;
            }
            std::this_thread::yield();
        }
    }

    Household home{node::wall_now()};
};

TEST_F(MachineMesh, TwoTalkAndCallWithoutANode) {
    const std::string at_coffee = home.member("coffee-maker");
    Machine coffee("coffee-maker", options(at_coffee));
    Machine clock("alarm-clock", options(home.member("alarm-clock"), {address_of(at_coffee)}));
    ASSERT_TRUE(clock.wait_connected());
    ASSERT_TRUE(coffee.wait_connected());
    ASSERT_TRUE(coffee
                    .serve("brew",
                           [](const Request& request) -> Outcome<std::string> {
                               if (request.payload == "tea") {
                                   return Failure{FailureKind::Refused, "it makes coffee"};
                               }
                               return "one " + request.payload;
                           })
                    .get());
    const auto brewed = clock.call("coffee-maker", "brew", "lungo");
    ASSERT_TRUE(brewed) << brewed.failure().text;
    EXPECT_EQ(*brewed, "one lungo");
    const auto tea = clock.call("coffee-maker", "brew", "tea");
    ASSERT_FALSE(tea);
    EXPECT_EQ(tea.failure().kind, FailureKind::Refused);
    EXPECT_EQ(tea.failure().text, "it makes coffee");
    const auto nobody = clock.call("toaster", "toast");
    ASSERT_FALSE(nobody);
    EXPECT_EQ(nobody.failure().kind, FailureKind::Absent);

    std::promise<Message> heard;
    ASSERT_TRUE(
        coffee.subscribe("alarm-clock/+", [&](const Message& message) { heard.set_value(message); })
            .get());
    ASSERT_TRUE(clock
                    .publish("alarm-clock/state", "ringing",
                             {.content_type = "text/plain", .user_properties = {{"a", "1"}}})
                    .get());
    const Message message = heard.get_future().get();
    EXPECT_EQ(message.topic, "alarm-clock/state");
    EXPECT_EQ(message.payload, "ringing");
    EXPECT_EQ(message.delivery, Delivery::AtLeastOnce);
    EXPECT_EQ(message.content_type, "text/plain");
    EXPECT_EQ(message.user_properties.size(), 1U);
    ASSERT_TRUE(coffee.unsubscribe("alarm-clock/+").get());
    EXPECT_FALSE(coffee.unsubscribe("alarm-clock/+").get());
}

TEST_F(MachineMesh, ATokenMakesAMachineAMemberOnceAndStaysHarmlessAfterwards) {
    Machine founder("founder", options(home.founder_path()));
    const std::string token = home.token({address_of(home.founder_path())});
    MachineOptions with_token = options(token);
    with_token.mesh_directory = home.make("state") + "/deeper/alarm-clock";
    for (int life = 0; life < 2; ++life) {
        Machine clock("alarm-clock", with_token);
        const Done connected = clock.wait_connected();
        ASSERT_TRUE(connected) << connected.failure().text;
    }
}

TEST_F(MachineMesh, SaysWhyItIsNotConnected) {
    Machine unpaired("alarm-clock", options(home.make("empty")));
    const Done connected = unpaired.wait_connected(std::chrono::milliseconds(500));
    ASSERT_FALSE(connected);
    EXPECT_EQ(connected.failure().kind, FailureKind::Offline);
    EXPECT_EQ(connected.failure().text, "it belongs to no mesh");
    EXPECT_FALSE(unpaired.is_connected());
}

TEST_F(MachineMesh, OptionsThatCannotBeAreToldByEveryOperation) {
    for (const auto& [wrong, text] : std::vector<std::pair<MachineOptions, std::string>>{
             {{.mesh = "kith1.nonsense", .mesh_directory = home.make("a")}, "token"},
             {{.mesh = home.make("b"), .mesh_listen = "everywhere"}, "ADDRESS:PORT"},
             {{.mesh = "/proc/nowhere"}, "/proc/nowhere"}}) {
        Machine clock("alarm-clock", wrong);
        const Done done = clock.publish("a", "b").get();
        ASSERT_FALSE(done) << text;
        EXPECT_EQ(done.failure().kind, FailureKind::Invalid);
        EXPECT_NE(done.failure().text.find(text), std::string::npos) << done.failure().text;
    }
}

TEST_F(MachineMesh, WhatIsNotDoneWhenItIsClosedIsToldSo) {
    Machine alone("alarm-clock", options(home.member("alarm-clock")));
    auto published = alone.publish("a", "b");
    auto subscribed = alone.subscribe("a", [](const Message&) {});
    alone.close(std::chrono::milliseconds(1));
    for (auto* done : {&published, &subscribed}) {
        const Done outcome = done->get();
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.failure().kind, FailureKind::Stopped);
    }
}

}  // namespace
}  // namespace kith

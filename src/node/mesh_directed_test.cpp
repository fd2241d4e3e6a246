// What one node sends to another one by its id, over real hosts and bridges.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "node/testing/bridged_mesh.h"

namespace kith::node {
namespace {

using mesh::DirectedMessage;
using mesh::NodeId;
using mesh::SendOutcome;
using testing::BridgedMesh;

/// Notes what comes, and answers it if it is asked to.
class Service final : public mesh::DirectedPort {
  public:
    explicit Service(mesh::Bridge* answers_by = nullptr) : answers_by_(answers_by) {}

    std::vector<std::pair<NodeId, std::string>> came;

    void on_directed(NodeId from, const DirectedMessage& message) override {
        const std::string text =
            std::string(message.topic) + " " + std::string(as_text(message.payload));
        came.emplace_back(from, text);
        if (answers_by_ != nullptr) {
            answers_by_->send_to(from, {.topic = "answers", .payload = message.payload});
        }
    }

  private:
    mesh::Bridge* answers_by_;
};

class Directed : public ::testing::Test {
  protected:
    Directed() {
        mesh.add(1, {});
        mesh.add(1, {0});
        mesh.add(1, {1});
    }
    SendOutcome send(std::size_t from, std::size_t to, std::string_view topic,
                     Qos qos = Qos::AtLeastOnce) {
        return mesh.bridge(from).send_to(mesh.id(to),
                                         {.topic = topic, .payload = as_bytes("text"), .qos = qos});
    }

    BridgedMesh mesh;
};

TEST_F(Directed, AServiceIsAskedByANodeAndAnswersIt) {
    ASSERT_TRUE(mesh.wait_whole());
    Service asked(&mesh.bridge(2));
    Service answered;
    mesh.bridge(2).listen("questions", asked);
    mesh.bridge(0).listen("answers", answered);
    EXPECT_EQ(send(0, 2, "questions/of/life"), SendOutcome::Sent);
    ASSERT_TRUE(mesh.world.run_until([&] { return !answered.came.empty(); }, 1s));
    EXPECT_EQ(asked.came[0], std::pair(mesh.id(0), std::string("questions/of/life text")));
    EXPECT_EQ(answered.came[0], std::pair(mesh.id(2), std::string("answers text")));
    mesh.world.run_for(500ms);
    EXPECT_EQ(asked.came.size(), 1U);
    EXPECT_EQ(mesh.held(0) + mesh.held(2), 0U);
}

TEST_F(Directed, WhatIsForAServiceThatIsNotThereIsCountedAndDoneWith) {
    ASSERT_TRUE(mesh.wait_whole());
    EXPECT_EQ(send(0, 2, "nobody"), SendOutcome::Sent);
    EXPECT_EQ(send(0, 2, "nobody", Qos::AtMostOnce), SendOutcome::Sent);
    mesh.world.run_for(500ms);
    EXPECT_EQ(mesh.bridge(2).unclaimed_count(), 2U);
    EXPECT_EQ(mesh.held(0), 0U);
}

TEST_F(Directed, ANodeThatIsAwayGetsItLater) {
    ASSERT_TRUE(mesh.wait_whole());
    mesh.power_off(2);
    ASSERT_TRUE(mesh.world.run_until([&] { return mesh.reachable(0) == 1; }, 10s));
    EXPECT_EQ(send(0, 2, "questions"), SendOutcome::Unreachable);
    mesh.restart(2);
    Service service;
    mesh.bridge(2).listen("questions", service);
    ASSERT_TRUE(mesh.world.run_until([&] { return !service.came.empty(); }, 20s));
}

TEST_F(Directed, WhatWasToBeSentSurvivesThePowerCutOfItsNode) {
    ASSERT_TRUE(mesh.wait_whole());
    mesh.power_off(2);
    ASSERT_TRUE(mesh.world.run_until([&] { return mesh.reachable(0) == 1; }, 10s));
    send(0, 2, "questions");
    mesh.world.run_for(1s);
    mesh.restart(0);
    mesh.restart(2);
    Service service;
    mesh.bridge(2).listen("questions", service);
    ASSERT_TRUE(mesh.world.run_until([&] { return !service.came.empty(); }, 20s));
    EXPECT_EQ(service.came[0].second, "questions text");
}

}  // namespace
}  // namespace kith::node

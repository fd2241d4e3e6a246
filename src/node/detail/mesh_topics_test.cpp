#include "node/detail/mesh_topics.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kith::node {
namespace {

class RetainingBus final : public bus::Bus {
  public:
    void publish(const bus::Message& message,
                 std::function<void(const bus::PublishOutcome&)>) override {
        published.emplace_back(message.topic.text());
        (message.retain ? kept : told)[std::string(message.topic.text())] =
            as_text(message.payload);
    }
    std::unique_ptr<bus::Subscription> subscribe(TenantId, bus::TopicFilter,
                                                 bus::Subscriber&) override {
        return nullptr;
    }
    std::vector<std::string> published;  // since it was looked at
    std::map<std::string, std::string> kept;
    std::map<std::string, std::string> told;  // and not retained
};

class MeshTopicsTest : public ::testing::Test {
  protected:
    MeshTopicsTest() {
        mesh_.is_on = true;
        mesh_.nodes = {{.id = "0000000000000001",
                        .name = "gw-1",
                        .role = "router",
                        .state = "self",
                        .neighbors = {{"0000000000000002", 40}}}};
        mesh_.links = {{.to = "0000000000000002",
                        .address = "10.0.0.2:7883",
                        .is_up = true,
                        .rtt_ms = 1.5,
                        .queue_bytes = 7},
                       {.to = "0000000000000002", .address = "10.0.1.2:7883", .queue_bytes = 2}};
        mesh_.drops = {{"no_route", 5}};
    }
    /// What was published.
    std::vector<std::string> update() {
        bus_.published.clear();
        topics_.update(mesh_, has_, {});
        return bus_.published;
    }
    using Topics = std::vector<std::string>;

    api::MeshFacts mesh_;
    RetainingBus bus_;
    MeshTopics topics_{bus_};
    MeshTopics::Has has_ = MeshTopics::Has::Nodes;
};

TEST_F(MeshTopicsTest, TellsNodesLinksAndDrops) {
    EXPECT_EQ(update(), (Topics{"$mesh/drops", "$mesh/links/0000000000000002",
                                "$mesh/nodes/0000000000000001"}));
    EXPECT_EQ(bus_.kept["$mesh/drops"], R"({"no_route":5})");
    EXPECT_NE(
        bus_.kept["$mesh/nodes/0000000000000001"].find(R"("to":"0000000000000002","cost":40)"),
        std::string::npos);
    const std::string link = bus_.kept["$mesh/links/0000000000000002"];
    EXPECT_NE(link.find(R"("rtt_ms":1.5)"), std::string::npos) << link;
    EXPECT_NE(link.find(R"("queue":9)"), std::string::npos) << link;
}

TEST_F(MeshTopicsTest, SaysNothingTwiceAndTakesNoiseForNoNews) {
    update();
    EXPECT_EQ(update(), Topics{});
    mesh_.links[0].rtt_ms = 1.55;
    EXPECT_EQ(update(), Topics{});
    mesh_.links[0].rtt_ms = 2;
    EXPECT_EQ(update(), Topics{"$mesh/links/0000000000000002"});
    mesh_.nodes[0].state = "suspect";
    EXPECT_EQ(update(), Topics{"$mesh/nodes/0000000000000001"});
}

TEST_F(MeshTopicsTest, NodesThatWereNotLookedAtStandAsTheyAre) {
    update();
    has_ = MeshTopics::Has::NoNodes;
    mesh_.nodes.clear();
    mesh_.drops[0].second = 6;
    EXPECT_EQ(update(), Topics{"$mesh/drops"});
}

TEST_F(MeshTopicsTest, TellsSamplesOfWhatIsDroppedByTheirReason) {
    topics_.tell_drops({{.reason = mesh::DropReason::NoRoute,
                         .at = WallTime::from_ms(0),
                         .topic = "hall/temp",
                         .from = mesh::NodeId(1),
                         .to = {mesh::NodeId(2), mesh::NodeId(3)},
                         .qos = 1,
                         .payload_bytes = 5},
                        {.reason = mesh::DropReason::Malformed}});
    EXPECT_EQ(bus_.told["$mesh/drops/no_route"],
              R"({"at":"1970-01-01T00:00:00.000Z","reason":"no_route","topic":"hall/temp",)"
              R"("from":"0000000000000001","to":["0000000000000002","0000000000000003"],)"
              R"("qos":1,"bytes":5})");
    EXPECT_EQ(bus_.told["$mesh/drops/malformed"],
              R"({"at":"1970-01-01T00:00:00.000Z","reason":"malformed"})");
    EXPECT_TRUE(bus_.kept.empty());
}

TEST_F(MeshTopicsTest, ClearsWhatHasGone) {
    update();
    mesh_.links.clear();
    EXPECT_EQ(update(), Topics{"$mesh/links/0000000000000002"});
    EXPECT_EQ(bus_.kept["$mesh/links/0000000000000002"], "");
    mesh_.is_on = false;
    EXPECT_EQ(update(), (Topics{"$mesh/drops", "$mesh/nodes/0000000000000001"}));
    EXPECT_EQ(update(), Topics{});
}

}  // namespace
}  // namespace kith::node

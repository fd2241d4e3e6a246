// GET /api/v1/mesh and what is below it: what they show of the mesh.
#include <nlohmann/json.hpp>

#include "api/testing/resources_fixture.h"

namespace kith::api {
namespace {

using Json = nlohmann::json;

class MeshResource : public ResourceTest {
  protected:
    Json get(const std::string& path) {
        const Answer answer = rig_.get(path, operator_());
        EXPECT_EQ(answer.status, 200) << path;
        return Json::parse(answer.body);
    }
    void be_in_a_mesh() {
        MeshFacts& mesh = rig_.backend.mesh_facts;
        mesh.is_on = true;
        mesh.node = "0000000000000001";
        mesh.name = "gw-1";
        mesh.address = "10.0.0.1:7883";
        mesh.nodes = {{.id = "0000000000000001",
                       .name = "gw-1",
                       .role = "router",
                       .state = "self",
                       .neighbors = {{"0000000000000002", 40}}},
                      {.id = "0000000000000002",
                       .name = "gw-2",
                       .role = "leaf",
                       .state = "neighbor",
                       .neighbors = {{"0000000000000001", 30}}}};
        mesh.membership = "member";
        mesh.mesh = "00000000000000aa";
        mesh.custody_count = 4;
        mesh.spool_count = 3;
        mesh.spool_bytes = 700;
        mesh.health = {.unreachable_count = 2, .is_parted = true};
        mesh.state_count = 12;
        mesh.state_events = {{"conflict", 2}};
        mesh.links = {{.to = "0000000000000002",
                       .address = "10.0.0.2:7883",
                       .is_dialled = true,
                       .is_up = true,
                       .rtt_ms = 1.5,
                       .loss = 0.25,
                       .cost = 40,
                       .queue_bytes = 7,
                       .custody_count = 3,
                       .received_bytes = 8,
                       .sent_bytes = 9,
                       .age_ms = 1000}};
        mesh.routes = {{.to = "0000000000000002",
                        .next_hop = "0000000000000002",
                        .alternative = {},
                        .cost = 40},
                       {.to = "0000000000000003", .next_hop = {}, .alternative = {}, .cost = 0}};
        mesh.peers = {{.peer = "gw-2:7883", .state = "linked", .failed_rounds = 0}};
        mesh.drops = {{"no_route", 5}};
        mesh.events = {{"up", 1}};
        mesh.discovery = {.says_beacons = true,
                          .says_mdns = false,
                          .heard = 3,
                          .candidates = 2,
                          .beacons = {{"forged", 4}},
                          .events = {{"beacon_sent", 6}}};
    }
};

TEST_F(MeshResource, SaysWhyTheMeshIsOff) {
    const Json body = get("/api/v1/mesh");
    EXPECT_EQ(body["state"], "off");
    EXPECT_EQ(body["reason"], "this node belongs to no mesh");
    EXPECT_EQ(body["membership"], "none");
    EXPECT_TRUE(body["mesh"].is_null());
    EXPECT_EQ(body["may_invite"], false);
    EXPECT_TRUE(body["node"].is_null());
    EXPECT_TRUE(body["peers"].empty());
    EXPECT_TRUE(get("/api/v1/mesh/nodes")["items"].empty());
    EXPECT_TRUE(get("/api/v1/mesh/links")["items"].empty());
    EXPECT_TRUE(get("/api/v1/mesh/routes")["items"].empty());
}

TEST_F(MeshResource, ShowsThisNodeAndItsPeers) {
    be_in_a_mesh();
    const Json body = get("/api/v1/mesh");
    EXPECT_EQ(body["state"], "on");
    EXPECT_TRUE(body["reason"].is_null());
    EXPECT_EQ(body["node"], "0000000000000001");
    EXPECT_EQ(body["name"], "gw-1");
    EXPECT_EQ(body["address"], "10.0.0.1:7883");
    EXPECT_EQ(body["peers"][0]["peer"], "gw-2:7883");
    EXPECT_EQ(body["peers"][0]["state"], "linked");
    EXPECT_EQ(body["peers"][0]["failed_rounds"], 0);
    EXPECT_EQ(body["membership"], "member");
    EXPECT_EQ(body["mesh"], "00000000000000aa");
    EXPECT_EQ(body["unreachable"], 2);
    EXPECT_EQ(body["parted"], true);
    EXPECT_EQ(body["custody"], 4);
    EXPECT_EQ(body["spool"]["messages"], 3);
    EXPECT_EQ(body["spool"]["bytes"], 700);
    EXPECT_EQ(body["drops"][0]["reason"], "no_route");
    EXPECT_EQ(body["drops"][0]["count"], 5);
    EXPECT_EQ(body["discovery"]["beacons"], true);
    EXPECT_EQ(body["discovery"]["mdns"], false);
    EXPECT_EQ(body["discovery"]["heard"], 3);
    EXPECT_EQ(body["discovery"]["candidates"], 2);
}

TEST_F(MeshResource, ShowsNodesLinksAndRoutes) {
    be_in_a_mesh();
    const Json node = get("/api/v1/mesh/nodes")["items"][1];
    EXPECT_EQ(node["id"], "0000000000000002");
    EXPECT_EQ(node["name"], "gw-2");
    EXPECT_EQ(node["role"], "leaf");
    EXPECT_EQ(node["state"], "neighbor");
    EXPECT_EQ(node["leaving"], false);
    EXPECT_EQ(node["neighbors"][0]["to"], "0000000000000001");
    EXPECT_EQ(node["neighbors"][0]["cost"], 30);
    const Json link = get("/api/v1/mesh/links")["items"][0];
    EXPECT_EQ(link["to"], "0000000000000002");
    EXPECT_EQ(link["address"], "10.0.0.2:7883");
    EXPECT_EQ(link["dialled"], true);
    EXPECT_EQ(link["state"], "up");
    EXPECT_EQ(link["rtt_ms"], 1.5);
    EXPECT_EQ(link["loss"], 0.25);
    EXPECT_EQ(link["cost"], 40);
    EXPECT_EQ(link["queue"], 7);
    EXPECT_EQ(link["custody"], 3);
    EXPECT_EQ(link["received_bytes"], 8);
    EXPECT_EQ(link["sent_bytes"], 9);
    EXPECT_EQ(link["age_ms"], 1000);
    const Json routes = get("/api/v1/mesh/routes")["items"];
    EXPECT_EQ(routes[0]["next_hop"], "0000000000000002");
    EXPECT_TRUE(routes[0]["alternative"].is_null());
    EXPECT_EQ(routes[0]["cost"], 40);
    EXPECT_TRUE(routes[1]["next_hop"].is_null());
}

TEST_F(MeshResource, IsForOperators) {
    for (const char* path : {"/api/v1/mesh", "/api/v1/mesh/nodes", "/api/v1/mesh/links",
                             "/api/v1/mesh/routes", "/api/v1/mesh/trace?to=gw-2"}) {
        EXPECT_EQ(rig_.get(path, viewer()).status, 403) << path;
    }
}

TEST_F(MeshResource, TracesAWayByIdOrName) {
    be_in_a_mesh();
    const Json trace = get("/api/v1/mesh/trace?to=gw-2");
    EXPECT_EQ(trace["from"], "0000000000000001");
    EXPECT_EQ(trace["to"], "0000000000000002");
    EXPECT_EQ(trace["state"], "reachable");
    EXPECT_EQ(trace["cost"], 40);
    EXPECT_TRUE(trace["alternative"].is_null());
    ASSERT_EQ(trace["hops"].size(), 2U);
    EXPECT_EQ(trace["hops"][0]["name"], "gw-1");
    EXPECT_EQ(trace["hops"][0]["rtt_ms"], 1.5);
    EXPECT_EQ(trace["hops"][0]["custody"], 3);
    EXPECT_TRUE(trace["hops"][1]["cost"].is_null());
    const Json back = get("/api/v1/mesh/trace?from=gw-2&to=0000000000000001");
    EXPECT_EQ(back["cost"], 30);
    EXPECT_TRUE(back["hops"][0]["rtt_ms"].is_null());
}

TEST_F(MeshResource, TellsTheOtherWayThatThisNodeWouldTake) {
    be_in_a_mesh();
    rig_.backend.mesh_facts.routes[0].alternative = "0000000000000003";
    EXPECT_EQ(get("/api/v1/mesh/trace?to=gw-2")["alternative"], "0000000000000003");
    EXPECT_TRUE(get("/api/v1/mesh/trace?from=gw-2&to=gw-2")["alternative"].is_null());
}

TEST_F(MeshResource, ATraceToNobodyIsAProblem) {
    be_in_a_mesh();
    EXPECT_EQ(rig_.get("/api/v1/mesh/trace", operator_()).code(), "query.invalid");
    EXPECT_EQ(rig_.get("/api/v1/mesh/trace?to=gw-9", operator_()).code(), "mesh.unknown");
    EXPECT_EQ(rig_.get("/api/v1/mesh/trace?from=gw-9&to=gw-1", operator_()).code(), "mesh.unknown");
    rig_.backend.mesh_facts.nodes[1].name = "gw-1";
    EXPECT_EQ(rig_.get("/api/v1/mesh/trace?to=gw-1", operator_()).code(), "mesh.conflict");
    rig_.backend.mesh_facts.nodes[1].neighbors.clear();
    EXPECT_EQ(get("/api/v1/mesh/trace?to=0000000000000002")["state"], "unreachable");
}

TEST_F(MeshResource, IsCountedInTheMetrics) {
    be_in_a_mesh();
    // A second link to the same neighbour has no figures of its own.
    rig_.backend.mesh_facts.links.push_back(rig_.backend.mesh_facts.links[0]);
    rig_.backend.mesh_facts.forward = {
        .ends = 2, .carried = 7, .bytes = {{"in", 900}}, .events = {{"opened", 8}}};
    const std::string page = rig_.get("/metrics", operator_()).body;
    for (const char* line : {"\nkith_mesh_on 1\n",
                             "\nkith_mesh_nodes_reachable 1\n",
                             "\nkith_mesh_links 2\n",
                             "\nkith_mesh_link_rtt_seconds{to=\"0000000000000002\"} 0.0015\n# HELP",
                             "\nkith_mesh_link_loss_ratio{to=\"0000000000000002\"} 0.25\n",
                             "\nkith_mesh_link_cost{to=\"0000000000000002\"} 40\n",
                             "\nkith_mesh_link_queue_bytes{to=\"0000000000000002\"} 14\n",
                             "\nkith_mesh_link_custody_messages{to=\"0000000000000002\"} 3\n",
                             "\nkith_mesh_state_entries 12\n",
                             "\nkith_mesh_state_events_total{kind=\"conflict\"} 2\n",
                             "\nkith_mesh_custody_messages 4\n",
                             "\nkith_mesh_spool_messages 3\n",
                             "\nkith_mesh_spool_bytes 700\n",
                             "\nkith_mesh_nodes_unreachable 2\n",
                             "\nkith_mesh_parted 1\n",
                             "\nkith_mesh_drops_total{reason=\"no_route\"} 5\n",
                             "\nkith_mesh_link_events_total{kind=\"up\"} 1\n",
                             "\nkith_mesh_discovery_heard 3\n",
                             "\nkith_mesh_discovery_candidates 2\n",
                             "\nkith_mesh_beacons_total{verdict=\"forged\"} 4\n",
                             "\nkith_mesh_discovery_events_total{kind=\"beacon_sent\"} 6\n",
                             "\nkith_mesh_forward_ends 2\n",
                             "\nkith_mesh_forward_carried 7\n",
                             "\nkith_mesh_forward_bytes_total{kind=\"in\"} 900\n",
                             "\nkith_mesh_forward_events_total{kind=\"opened\"} 8\n"}) {
        EXPECT_NE(page.find(line), std::string::npos) << line;
    }
}

}  // namespace
}  // namespace kith::api

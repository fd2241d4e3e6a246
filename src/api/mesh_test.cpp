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
        mesh.nodes = {
            {.id = "0000000000000001", .name = "gw-1", .role = "router", .state = "self"},
            {.id = "0000000000000002", .name = "gw-2", .role = "leaf", .state = "neighbor"}};
        mesh.links = {{.to = "0000000000000002",
                       .address = "10.0.0.2:7883",
                       .is_dialled = true,
                       .is_up = true,
                       .rtt_ms = 1.5,
                       .loss = 0.25,
                       .cost = 40,
                       .queue_bytes = 7,
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
    }
};

TEST_F(MeshResource, SaysWhyTheMeshIsOff) {
    const Json body = get("/api/v1/mesh");
    EXPECT_EQ(body["state"], "off");
    EXPECT_EQ(body["reason"], "this node belongs to no mesh");
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
}

TEST_F(MeshResource, ShowsNodesLinksAndRoutes) {
    be_in_a_mesh();
    const Json node = get("/api/v1/mesh/nodes")["items"][1];
    EXPECT_EQ(node["id"], "0000000000000002");
    EXPECT_EQ(node["name"], "gw-2");
    EXPECT_EQ(node["role"], "leaf");
    EXPECT_EQ(node["state"], "neighbor");
    const Json link = get("/api/v1/mesh/links")["items"][0];
    EXPECT_EQ(link["to"], "0000000000000002");
    EXPECT_EQ(link["address"], "10.0.0.2:7883");
    EXPECT_EQ(link["dialled"], true);
    EXPECT_EQ(link["state"], "up");
    EXPECT_EQ(link["rtt_ms"], 1.5);
    EXPECT_EQ(link["loss"], 0.25);
    EXPECT_EQ(link["cost"], 40);
    EXPECT_EQ(link["queue"], 7);
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
    for (const char* path :
         {"/api/v1/mesh", "/api/v1/mesh/nodes", "/api/v1/mesh/links", "/api/v1/mesh/routes"}) {
        EXPECT_EQ(rig_.get(path, viewer()).status, 403) << path;
    }
}

TEST_F(MeshResource, IsCountedInTheMetrics) {
    be_in_a_mesh();
    // A second link to the same neighbour has no figures of its own.
    rig_.backend.mesh_facts.links.push_back(rig_.backend.mesh_facts.links[0]);
    const std::string page = rig_.get("/metrics", operator_()).body;
    for (const char* line :
         {"\nkith_mesh_on 1\n", "\nkith_mesh_nodes_reachable 1\n", "\nkith_mesh_links 2\n",
          "\nkith_mesh_link_rtt_seconds{to=\"0000000000000002\"} 0.0015\n# HELP",
          "\nkith_mesh_link_loss_ratio{to=\"0000000000000002\"} 0.25\n",
          "\nkith_mesh_link_cost{to=\"0000000000000002\"} 40\n",
          "\nkith_mesh_drops_total{reason=\"no_route\"} 5\n",
          "\nkith_mesh_link_events_total{kind=\"up\"} 1\n"}) {
        EXPECT_NE(page.find(line), std::string::npos) << line;
    }
}

}  // namespace
}  // namespace kith::api

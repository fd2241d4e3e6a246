#include "api/machine_directory.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "api/testing/resources_fixture.h"

namespace kith::api {
namespace {

using Json = nlohmann::json;

constexpr const char* kHere = "0000000000000001";
constexpr const char* kAway = "0000000000000002";

MeshFacts two_nodes() {
    MeshFacts mesh;
    mesh.is_on = true;
    mesh.node = kHere;
    mesh.nodes = {{.id = kHere, .name = "gw-1", .role = "router", .state = "self"},
                  {.id = kAway, .name = "gw-2", .role = "router", .state = "unreachable"}};
    return mesh;
}

DirectoryEntry entry(const std::string& machine, const std::string& type,
                     const std::string& capability, const std::string& node = kHere) {
    return {.machine = machine,
            .payload = R"({"type":")" + type + R"(","capabilities":[")" + capability +
                       R"("],"topics":["t/)" + machine + R"("],"node":")" + node +
                       R"(","since":"2026-01-01T00:00:00.000Z"})"};
}

const std::vector<DirectoryEntry> kEntries{
    entry("oven-2", "oven", "heat"),
    entry("oven-1", "oven", "grill"),
    entry("kettle", "kettle", "heat"),
    entry("lost", "oven", "heat", kAway),
    entry("unknown", "oven", "heat", "00000000000000ff"),
    {.machine = "nonsense", .payload = "oven"},
    {.machine = "no-type", .payload = R"({"capabilities":["heat"]})"}};

std::vector<std::string> names(const DirectoryQuery& query) {
    std::vector<std::string> found;
    for (const DirectoryMachine& machine : find_machines(kEntries, two_nodes(), query).machines) {
        found.push_back(machine.machine);
    }
    return found;
}

TEST(MachineDirectory, FindsByTypeAndCapabilityWhoCanBeReached) {
    using Names = std::vector<std::string>;
    EXPECT_EQ(names({}), (Names{"kettle", "oven-1", "oven-2"}));
    EXPECT_EQ(names({.type = "oven"}), (Names{"oven-1", "oven-2"}));
    EXPECT_EQ(names({.capability = "heat"}), (Names{"kettle", "oven-2"}));
    EXPECT_EQ(names({.type = "oven", .capability = "heat"}), Names{"oven-2"});
    EXPECT_EQ(names({.type = "fridge"}), Names{});
}

TEST(MachineDirectory, ComesPageByPage) {
    const DirectoryPage first = find_machines(kEntries, two_nodes(), {.limit = 2});
    EXPECT_EQ(first.machines.size(), 2U);
    EXPECT_EQ(first.total, 3U);
    EXPECT_EQ(first.next, "oven-1");
    const DirectoryPage second =
        find_machines(kEntries, two_nodes(), {.limit = 2, .after = first.next});
    ASSERT_EQ(second.machines.size(), 1U);
    EXPECT_EQ(second.machines[0].machine, "oven-2");
    EXPECT_EQ(second.next, "");
}

TEST(MachineDirectory, ShowsMachinesOfANodeThatIsInNoMesh) {
    const DirectoryPage page = find_machines(
        {{.machine = "oven", .payload = R"({"type":"oven","node":null})"}}, MeshFacts{}, {});
    ASSERT_EQ(page.machines.size(), 1U);
    EXPECT_EQ(page.machines[0].node, "");
}

class DirectoryResource : public ResourceTest {};

TEST_F(DirectoryResource, IsAskedForWithFilters) {
    rig_.backend.mesh_facts = two_nodes();
    rig_.backend.directory_entries = kEntries;
    const Answer answer =
        rig_.get("/api/v1/mesh/directory?type=oven&capability=grill&limit=1", operator_());
    ASSERT_EQ(answer.status, 200);
    const Json body = Json::parse(answer.body);
    ASSERT_EQ(body["items"].size(), 1U);
    EXPECT_EQ(body["items"][0], (Json{{"machine", "oven-1"},
                                      {"type", "oven"},
                                      {"name", nullptr},
                                      {"td", nullptr},
                                      {"capabilities", {"grill"}},
                                      {"topics", {"t/oven-1"}},
                                      {"node", kHere},
                                      {"node_name", "gw-1"},
                                      {"since", "2026-01-01T00:00:00.000Z"}}));
    EXPECT_TRUE(body["next"].is_null());
    EXPECT_EQ(body["total"], 1);
    EXPECT_EQ(rig_.get("/api/v1/mesh/directory?limit=x", operator_()).status, 400);
}

TEST_F(DirectoryResource, GoesOnWithACursor) {
    rig_.backend.mesh_facts = two_nodes();
    rig_.backend.directory_entries = kEntries;
    const Json first = Json::parse(rig_.get("/api/v1/mesh/directory?limit=2", operator_()).body);
    ASSERT_TRUE(first["next"].is_string());
    const std::string cursor = first["next"];
    const Json second =
        Json::parse(rig_.get("/api/v1/mesh/directory?limit=2&cursor=" + cursor, operator_()).body);
    ASSERT_EQ(second["items"].size(), 1U);
    EXPECT_EQ(second["items"][0]["machine"], "oven-2");
    EXPECT_EQ(rig_.get("/api/v1/mesh/directory?cursor=!", operator_()).status, 400);
}

}  // namespace
}  // namespace kith::api

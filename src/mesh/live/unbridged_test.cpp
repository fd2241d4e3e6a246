#include "mesh/live/unbridged.h"

#include <gtest/gtest.h>

#include "mesh/live/testing/live_mesh.h"

namespace kith::mesh {
namespace {

TEST(Unbridged, AnswersForMessagesThatArriveSoThatNobodyWaits) {
    testing::LiveMesh mesh(2);
    mesh.start(1, {2});
    mesh.start(2, {});
    ASSERT_TRUE(mesh.world.run_until([&] { return mesh.reachable(1) == 1; }, 3s));
    mesh.run_on(2, [&](runtime::Shard&) {
        mesh.host(2).call([](MeshNode& node, Instant now) {
            node.subscribe({.share_group = {}, .filter = "a/#"}, now);
        });
    });
    mesh.world.run_for(1s);
    for (const Qos qos : {Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce}) {
        mesh.run_on(1, [&](runtime::Shard&) {
            mesh.host(1).call([qos](MeshNode& node, Instant now) {
                node.publish({.topic = "a/b",
                              .properties = {},
                              .payload = as_bytes("x"),
                              .qos = qos,
                              .published_at = {}},
                             1, now);
            });
        });
    }
    mesh.world.run_for(1s);
    EXPECT_EQ(mesh.host(2).node().counters().data_delivered, 3U);
    EXPECT_EQ(mesh.host(1).node().counters().custody_held, 0U);
    EXPECT_EQ(mesh.host(2).node().counters().custody_held, 0U);
}

}  // namespace
}  // namespace kith::mesh

// Members that do what no correct node does: refused, counted, and no harm to others.
//
// What is refused before a node is a member at all is tested where links are made (live/), forged
// and replayed records with the records (detail/records_test.cpp), clocks that are years off with
// the common state (common_state_test.cpp).
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "mesh/testing/small_mesh.h"
#include "wire/mesh/codec.h"
#include "wire/mesh/testing/random_frames.h"

namespace kith::mesh {
namespace {

using testing::SmallMesh;

/// 1 is the bad one: a leaf of 2, over which 3 and 4 talk.
class BadPeers : public ::testing::Test {
  protected:
    BadPeers() {
        mesh.set_role(1, NodeRole::Leaf);
        mesh.kill(1);
        mesh.restart(1);
        mesh.link(2, 3);
        mesh.link(2, 4);
        link_bad_one();
        mesh.time.run_for(3s);
        mesh.subscribe(3, "a");
        mesh.time.run_for(1s);
    }
    void link_bad_one() {
        mesh.link(1, 2);
        bad_link = mesh.last_link();
    }
    static std::vector<std::uint8_t> bytes_of(const Frame& frame) {
        std::vector<std::uint8_t> bytes(frame_bytes(frame));
        encode(frame, bytes);
        return bytes;
    }
    /// As if the bad one had sent it. What is left of a frame is not kept.
    void say(Bytes bytes) {
        static_cast<void>(mesh.node(2).on_bytes(bad_link, bytes, mesh.time.now()));
        mesh.wake(2);
    }
    [[nodiscard]] std::uint64_t drops(DropReason reason) {
        return mesh.node(2).counters().drops[static_cast<std::size_t>(reason)];
    }
    /// A message that somebody else has published, or so it says.
    static Data foreign(std::uint64_t sequence, NodeId to, std::string_view payload, int qos) {
        Data data;
        data.id = {NodeId(77), 1, sequence};
        data.qos = static_cast<std::uint8_t>(qos);
        data.hops_left = 8;
        data.topic = "a";
        data.payload = as_bytes(payload);
        data.destinations.push_back({.node = to, .groups = {}});
        if (qos > 0) {
            data.destinations[0].stream_sequence = sequence;
            data.destinations[0].stream_first = 1;
        }
        return data;
    }
    /// Messages between 3 and 4 go through, and soon.
    void expect_others_talk() {
        mesh.delivered(3).clear();
        mesh.publish(4, "a", "at most once", Qos::AtMostOnce);
        mesh.publish(4, "a", "exactly once", Qos::ExactlyOnce);
        mesh.time.run_for(100ms);
        EXPECT_EQ(mesh.delivered(3),
                  (std::vector<std::string>{"a at most once", "a exactly once"}));
    }

    SmallMesh mesh{4};
    LinkId bad_link;
};

TEST_F(BadPeers, ALeafThatForwardsForOthersIsRefusedAndCounted) {
    for (int qos = 0; qos <= 2; ++qos) {
        say(bytes_of(foreign(static_cast<std::uint64_t>(qos + 1), NodeId(3), "forged", qos)));
    }
    mesh.time.run_for(1s);
    EXPECT_EQ(drops(DropReason::NotAuthorized), 3U);
    EXPECT_TRUE(mesh.delivered(3).empty());
    expect_others_talk();
    mesh.publish(1, "a", "its own", Qos::AtLeastOnce);
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.delivered(3).back(), "a its own");
}

TEST_F(BadPeers, ALeafThatFloodsHoldsUpNobodyAndFillsNothing) {
    const std::string payload(1000, 'x');
    for (std::uint64_t i = 1; i <= 3'000; ++i) {
        Data data = foreign(i, NodeId(99), payload, 1);  // that nobody knows
        data.id.origin = NodeId(1);
        say(bytes_of(data));
        if (i % 1'000 == 0) {
            expect_others_talk();
        }
    }
    mesh.time.run_for(60s);
    EXPECT_EQ(mesh.node(2).counters().custody_held, 0U) << "given back";
    for (int i = 0; i < 3'000; ++i) {
        mesh.publish(1, "a", payload, i % 2 == 0 ? Qos::AtMostOnce : Qos::AtLeastOnce);
    }
    mesh.time.run_for(10s);
    EXPECT_EQ(mesh.node(2).counters().custody_held, 0U);
    expect_others_talk();
}

TEST_F(BadPeers, WhatIsBrokenEndsTheLinkAndNothingElse) {
    testing::RandomFrames frames(5);
    Random random(5);
    std::uint64_t ended = 0;
    for (int i = 0; i < 500; ++i) {
        std::vector<std::uint8_t> bytes = bytes_of(frames.any());
        const int changes = static_cast<int>(random.below(4));
        for (int change = 0; change < changes; ++change) {
            bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.next());
        }
        if (random.below(4) == 0) {
            bytes.resize(random.below(bytes.size() + 1));
        }
        const std::uint64_t before = drops(DropReason::Malformed);
        const auto used = mesh.node(2).on_bytes(bad_link, bytes, mesh.time.now());
        if (!used) {  // the host ends it then
            mesh.node(2).on_link_down(bad_link, mesh.time.now());
        }
        ended += !used || drops(DropReason::Malformed) > before ? 1U : 0U;
        mesh.wake(2);
        mesh.time.run_for(10ms);
        link_bad_one();
        mesh.time.run_for(50ms);
    }
    EXPECT_GT(ended, 50U);
    EXPECT_GT(drops(DropReason::Malformed), 0U);
    mesh.time.run_for(5s);
    EXPECT_EQ(mesh.node(3).nodes().size(), 4U) << "nobody else was made up";
    expect_others_talk();
}

}  // namespace
}  // namespace kith::mesh

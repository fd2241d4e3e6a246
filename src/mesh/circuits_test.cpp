// Circuits between whole nodes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "mesh/testing/small_mesh.h"
#include "wire/mesh/codec.h"

namespace kith::mesh {
namespace {

using testing::CircuitLog;
using testing::SmallMesh;

/// Of any length, and nowhere like itself elsewhere.
std::string text_of(std::size_t bytes, std::uint64_t seed) {
    Random random(seed);
    std::string text(bytes, ' ');
    for (char& each : text) {
        each = static_cast<char>(random.next());
    }
    return text;
}

struct Circuits : SmallMesh {
    using SmallMesh::SmallMesh;

    CircuitId open(std::uint64_t from, std::uint64_t to) {
        const Result<CircuitId> opened = open_circuit(from, to);
        EXPECT_TRUE(opened) << (opened ? "" : opened.error().text);
        return opened.value_or(CircuitId());
    }
    CircuitLog::Circuit& at(std::uint64_t node_id, const CircuitId& id) {
        return circuits(node_id).circuits[id];
    }
    const CircuitCounters& counters_of(std::uint64_t id) { return node(id).counters().circuits; }
    void expect_idle() {
        for (std::uint64_t id = 1; id <= 4; ++id) {
            EXPECT_EQ(counters_of(id).ends, 0U) << "on node " << id;
            EXPECT_EQ(counters_of(id).carried, 0U) << "on node " << id;
        }
    }
};

/// 1 - 2 - 3 - 4.
struct Line : Circuits {
    Line() : Circuits(4) {
        link(1, 2);
        link(2, 3);
        link(3, 4);
        time.run_for(3s);
    }
};

/// 1 to 4 over 2 or over 3.
struct Diamond : Circuits {
    Diamond() : Circuits(4) {
        link(1, 2);
        link(1, 3);
        link(2, 4);
        link(3, 4);
        time.run_for(3s);
    }
    std::uint64_t relay() { return counters_of(2).carried > 0 ? 2 : 3; }
};

TEST(Circuits, CarryBytesInBothDirectionsOverSeveralHops) {
    Line mesh;
    const CircuitId id = mesh.open(1, 4);
    const std::string there = text_of(1'000'000, 1);
    const std::string back = text_of(700'000, 2);
    mesh.send_circuit(1, id, there);
    mesh.time.run_for(20ms);
    EXPECT_TRUE(mesh.at(1, id).is_open);
    mesh.send_circuit(4, id, back);
    mesh.time.run_for(2s);
    EXPECT_EQ(mesh.at(4, id).received, there);
    EXPECT_EQ(mesh.at(1, id).received, back);
    EXPECT_EQ(mesh.counters_of(2).carried, 1U);
    EXPECT_EQ(mesh.counters_of(3).bytes_carried, there.size() + back.size());
    EXPECT_EQ(mesh.counters_of(1).resends, 0U);
    mesh.close_circuit(1, id, CircuitEnd::Done);
    mesh.time.run_for(20ms);
    EXPECT_EQ(mesh.at(4, id).end, CircuitEnd::Done);
    EXPECT_FALSE(mesh.at(1, id).end) << "who closes needs not be told";
    mesh.expect_idle();
}

TEST(Circuits, WhatWasSentArrivesBeforeTheEnd) {
    Line mesh;
    const CircuitId id = mesh.open(1, 4);
    mesh.time.run_for(20ms);
    const std::string text = text_of(kCircuitWindowBytes, 1);
    mesh.send_circuit(1, id, text);
    mesh.close_circuit(1, id, CircuitEnd::Done);
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.at(4, id).received, text);
    EXPECT_EQ(mesh.at(4, id).end, CircuitEnd::Done);
    mesh.expect_idle();
}

TEST(Circuits, AnEndThatIsBrokenOffIsToldAtOnce) {
    Line mesh;
    const CircuitId id = mesh.open(1, 4);
    mesh.time.run_for(20ms);
    mesh.send_circuit(1, id, "unheard");
    mesh.close_circuit(4, id, CircuitEnd::Refused);
    mesh.time.run_for(20ms);
    EXPECT_EQ(mesh.at(1, id).end, CircuitEnd::Refused);
    mesh.expect_idle();
}

TEST(Circuits, OfWhomNothingIsKnownOrWhoCannotBeReachedThereIsNone) {
    Line mesh;
    EXPECT_EQ(mesh.open_circuit(1, 9).error().kind, ErrorKind::NotFound);
    EXPECT_EQ(mesh.open_circuit(1, 1).error().kind, ErrorKind::Invalid);
    mesh.kill(4);
    mesh.time.run_for(1s);
    EXPECT_EQ(mesh.open_circuit(1, 4).error().kind, ErrorKind::Unavailable);
}

TEST(Circuits, ADestinationMayRefuse) {
    Line mesh;
    mesh.circuits(4).refuses = true;
    const CircuitId id = mesh.open(1, 4);
    mesh.time.run_for(20ms);
    EXPECT_EQ(mesh.at(1, id).end, CircuitEnd::Refused);
    EXPECT_FALSE(mesh.at(1, id).is_open);
    mesh.expect_idle();
}

TEST(Circuits, AReaderThatStopsStopsItsSenderAndNobodyElse) {
    Line mesh;
    mesh.circuits(4).is_stuck = true;
    const CircuitId stuck = mesh.open(1, 4);
    const CircuitId other = mesh.open(1, 3);
    const std::string text = text_of(4 * kCircuitWindowBytes, 1);
    mesh.send_circuit(1, stuck, text);
    mesh.send_circuit(1, other, text);
    mesh.time.run_for(2s);
    EXPECT_EQ(mesh.at(4, stuck).received.size(), kCircuitWindowBytes);
    EXPECT_EQ(mesh.at(3, other).received, text);
    mesh.unstick_circuits(4);
    mesh.time.run_for(2s);
    EXPECT_EQ(mesh.at(4, stuck).received, text);
}

TEST(Circuits, ANodeIsTheEndOfSoManyAndNoMore) {
    Line mesh;
    std::vector<CircuitId> ids;
    for (std::size_t i = 0; i < kCircuitsMax; ++i) {
        ids.push_back(mesh.open(1, 4));
    }
    EXPECT_EQ(mesh.open_circuit(1, 3).error().kind, ErrorKind::Limit);
    mesh.time.run_for(20ms);
    const CircuitId late = mesh.open(2, 4);
    mesh.time.run_for(20ms);
    EXPECT_EQ(mesh.at(2, late).end, CircuitEnd::TooMany);
    EXPECT_EQ(mesh.counters_of(4).refused_full, 1U);
    mesh.close_circuit(1, ids[5], CircuitEnd::Done);
    mesh.time.run_for(20ms);
    const CircuitId again = mesh.open(2, 4);
    mesh.time.run_for(20ms);
    EXPECT_TRUE(mesh.at(2, again).is_open);
}

TEST(Circuits, ANodeCarriesSoManyAndNoMore) {
    // 1 to 5 behind 6, 7 to 11 in front of it.
    Circuits mesh(11);
    for (std::uint64_t id = 1; id <= 11; ++id) {
        if (id != 6) {
            mesh.link(6, id);
        }
    }
    mesh.time.run_for(3s);
    std::vector<std::pair<std::uint64_t, CircuitId>> opened;
    for (std::size_t i = 0; i <= kCircuitsCarriedMax; ++i) {
        const std::uint64_t from = 1 + i % 5;
        opened.emplace_back(from, mesh.open(from, from + 6));
    }
    mesh.time.run_for(100ms);
    const auto refused = std::ranges::count_if(opened, [&mesh](const auto& each) {
        return mesh.at(each.first, each.second).end == CircuitEnd::TooMany;
    });
    EXPECT_EQ(mesh.counters_of(6).carried, kCircuitsCarriedMax);
    EXPECT_EQ(refused, 1);
    EXPECT_EQ(mesh.counters_of(6).refused_full, 1U);
}

TEST(Circuits, LeavesCarryNothingForOthersAndOpenTheirOwn) {
    Circuits mesh(4);
    mesh.set_role(2, NodeRole::Leaf);
    mesh.restart(2);
    mesh.link(1, 2);
    mesh.link(2, 3);
    mesh.time.run_for(3s);
    EXPECT_EQ(mesh.open_circuit(1, 3).error().kind, ErrorKind::NotFound);
    const CircuitId own = mesh.open(2, 3);
    mesh.time.run_for(20ms);
    EXPECT_TRUE(mesh.at(2, own).is_open);
}

TEST(Circuits, WhatALinkLosesIsSentAgain) {
    Line mesh;
    const CircuitId id = mesh.open(1, 4);
    mesh.time.run_for(20ms);
    const std::string text = text_of(500'000, 1);
    mesh.send_circuit(1, id, text);
    mesh.time.run_for(3ms);
    mesh.cut(2, 3);
    mesh.time.run_for(20ms);
    mesh.mend(2, 3);
    mesh.time.run_for(5s);
    EXPECT_EQ(mesh.at(4, id).received, text);
    EXPECT_GT(mesh.counters_of(1).resends, 0U);
}

TEST(Circuits, GoOnOverAnotherWayWhenARelayDies) {
    Diamond mesh;
    const CircuitId id = mesh.open(1, 4);
    mesh.time.run_for(20ms);
    const std::string there = text_of(2'000'000, 1);
    const std::string back = text_of(2'000'000, 2);
    mesh.send_circuit(1, id, there);
    mesh.send_circuit(4, id, back);
    mesh.time.run_for(10ms);
    EXPECT_LT(mesh.at(4, id).received.size(), there.size());
    const std::uint64_t dead = mesh.relay();
    mesh.kill(dead);
    mesh.time.run_for(5s);
    EXPECT_EQ(mesh.at(4, id).received, there);
    EXPECT_EQ(mesh.at(1, id).received, back);
    EXPECT_EQ(mesh.counters_of(5 - dead).carried, 1U) << "the other one has it now";
}

TEST(Circuits, EndWithAReasonWhenThereIsNoOtherWay) {
    Line mesh;
    const CircuitId id = mesh.open(1, 4);
    mesh.time.run_for(20ms);
    mesh.send_circuit(1, id, text_of(2'000'000, 1));
    mesh.time.run_for(10ms);
    mesh.kill(3);
    mesh.time.run_for(kCircuitWayPatience + 3s);
    EXPECT_EQ(mesh.at(1, id).end, CircuitEnd::NoWay);
    EXPECT_EQ(mesh.at(4, id).end, CircuitEnd::Broken);
    EXPECT_EQ(mesh.counters_of(2).carried, 0U);
}

TEST(Circuits, AWayThatComesBackInTimeIsTaken) {
    Line mesh;
    const CircuitId id = mesh.open(1, 4);
    mesh.time.run_for(20ms);
    const std::string text = text_of(2'000'000, 1);
    mesh.send_circuit(1, id, text);
    mesh.time.run_for(10ms);
    mesh.kill(2);
    mesh.time.run_for(4s);
    mesh.restart(2);
    mesh.link(1, 2);
    mesh.link(2, 3);
    mesh.time.run_for(8s);
    EXPECT_EQ(mesh.at(4, id).received, text);
    EXPECT_FALSE(mesh.at(1, id).end);
}

TEST(Circuits, AnEndThatStartsAnewDoesNotKnowThem) {
    Line mesh;
    const CircuitId id = mesh.open(1, 4);
    mesh.time.run_for(20ms);
    mesh.kill(4);
    mesh.time.run_for(100ms);
    mesh.restart(4);
    mesh.link(3, 4);
    mesh.time.run_for(3s);
    EXPECT_EQ(mesh.at(1, id).end, CircuitEnd::Gone);
    const CircuitId to_be_orphaned = mesh.open(4, 1);
    mesh.time.run_for(20ms);
    mesh.kill(4);
    mesh.time.run_for(kCircuitWayPatience + 2s);
    EXPECT_EQ(mesh.at(1, to_be_orphaned).end, CircuitEnd::Broken);
    EXPECT_EQ(mesh.counters_of(3).carried, 0U);
}

TEST(Circuits, AnIdleOneStaysAndOneWhoseOtherEndIsSilentDoesNot) {
    Line mesh;
    const CircuitId id = mesh.open(1, 4);
    mesh.time.run_for(10min);
    EXPECT_FALSE(mesh.at(1, id).end);
    EXPECT_EQ(mesh.counters_of(2).carried, 1U);
    mesh.send_circuit(4, id, "still here");
    mesh.time.run_for(100ms);
    EXPECT_EQ(mesh.at(1, id).received, "still here");
}

TEST(Circuits, FramesOfWhoIsNotOnTheWayChangeNothing) {
    Line mesh;
    const CircuitId id = mesh.open(1, 3);
    mesh.time.run_for(20ms);
    // Node 4 is 3's neighbour, and says that it is over, and more.
    Circuit frame;
    frame.id = id;
    frame.kind = CircuitKind::Close;
    const auto inject = [&mesh](const Circuit& injected) {
        std::vector<std::uint8_t> bytes(frame_bytes(injected));
        encode(injected, bytes);
        // The third link is that of 3 and 4.
        EXPECT_TRUE(mesh.node(3).on_bytes(LinkId(3), bytes, mesh.time.now()));
        mesh.wake(3);
    };
    inject(frame);
    frame.kind = CircuitKind::Bytes;
    frame.bytes = as_bytes("forged");
    inject(frame);
    mesh.send_circuit(1, id, "true");
    mesh.time.run_for(100ms);
    EXPECT_EQ(mesh.at(3, id).received, "true");
    EXPECT_FALSE(mesh.at(3, id).end);
}

/// Whatever happens to links and relays: what comes is what was sent, from its beginning on, and
/// all of it unless the circuit has ended.
TEST(Circuits, LoseAndSwapNothingWhateverHappensOnTheWay) {
    for (std::uint64_t seed = 1; seed <= 25; ++seed) {
        SCOPED_TRACE(seed);
        Random random(seed);
        Diamond mesh;
        const CircuitId id = mesh.open(1, 4);
        mesh.time.run_for(20ms);
        std::string there;
        std::string back;
        constexpr std::pair<std::uint64_t, std::uint64_t> kLinks[] = {
            {1, 2}, {1, 3}, {2, 4}, {3, 4}};
        for (int step = 0; step < 40; ++step) {
            const std::string text = text_of(random.below(100'000), random.next());
            const bool is_there = random.below(2) == 0;
            (is_there ? there : back) += text;
            mesh.send_circuit(is_there ? 1 : 4, id, text);
            const auto [a, b] = kLinks[random.below(std::size(kLinks))];
            random.below(3) == 0 ? mesh.cut(a, b) : mesh.mend(a, b);
            mesh.time.run_for(std::chrono::milliseconds(random.below(400)));
        }
        for (const auto& [a, b] : kLinks) {
            mesh.mend(a, b);
        }
        mesh.time.run_for(40s);
        const std::string& came_there = mesh.at(4, id).received;
        const std::string& came_back = mesh.at(1, id).received;
        EXPECT_EQ(came_there, there.substr(0, came_there.size()));
        EXPECT_EQ(came_back, back.substr(0, came_back.size()));
        if (!mesh.at(1, id).end && !mesh.at(4, id).end) {
            EXPECT_EQ(came_there.size(), there.size());
            EXPECT_EQ(came_back.size(), back.size());
        }
        EXPECT_EQ(mesh.at(1, id).end.has_value(), mesh.at(4, id).end.has_value());
    }
}

}  // namespace
}  // namespace kith::mesh

// What waits for a node that cannot be reached is given up when its time is over, and that first
// which has least time left when there is no room.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "mesh/detail/custody.h"

namespace kith::mesh {
namespace {

constexpr NodeId kSelf(1);
constexpr NodeId kNear(2);
constexpr NodeId kFar(3);

/// A mesh with one neighbour, and a disk that has what was stored.
struct Around final : CustodyListener, CustodyPort {
    std::set<NodeId> reachable;
    std::vector<std::pair<DataId, DataKind>> sent;
    std::vector<std::pair<DropReason, DataId>> drops;
    std::vector<std::pair<NodeId, CustodyEntry>> answers;
    std::map<CustodyTicket, std::string> disk;
    std::vector<CustodyTicket> fetched;
    bool has_disk = false;

    NodeId way_to(NodeId destination, const NodeIds& avoid) const override {
        const bool is_avoided = std::ranges::find(avoid, kNear) != avoid.end();
        return reachable.contains(destination) && !is_avoided ? kNear : NodeId();
    }
    bool is_suspect(NodeId) const override { return false; }
    bool has_room(NodeId, Priority) const override { return true; }
    void send_data(NodeId, const Data& data, const SharedBytes&, Instant) override {
        sent.emplace_back(data.id, data.kind);
    }
    void send_custody(NodeId neighbor, CustodyEntry entry) override {
        answers.emplace_back(neighbor, std::move(entry));
    }
    void on_published(std::uint64_t, PublishLevel) override {}
    void on_custody_drop(DropReason reason, const Data& data) override {
        drops.emplace_back(reason, data.id);
    }
    void on_groups_waiting(const DataId&, NodeId) override {}
    bool is_expected(NodeId) const override { return true; }

    void store(CustodyTicket ticket, const Data& data) override {
        disk[ticket] = std::string(as_text(data.payload));
    }
    void settle(CustodyTicket ticket, const Destinations& left) override {
        if (left.empty()) {
            disk.erase(ticket);
        }
    }
    bool can_fetch() const override { return has_disk; }
    void fetch(CustodyTicket ticket) override { fetched.push_back(ticket); }
};

class CustodyLapse : public testing::Test {
  protected:
    /// 1 KiB of payload, which expires after so many ms; 0: never.
    void publish(std::uint64_t sequence, std::uint32_t expires_after_ms,
                 const std::vector<NodeId>& destinations = {kFar}) {
        Data data;
        data.id = {kSelf, 1, sequence};
        data.qos = 1;
        data.topic = "plant/pump";
        data.payload = as_bytes(payload_);
        data.expires_after_ms = expires_after_ms;
        for (const NodeId node : destinations) {
            data.destinations.push_back({.node = node, .groups = {}});
        }
        custody_.publish(data, {}, now_);
        if (around_.has_disk) {
            custody_.on_stored(CustodyTicket(++stored_), now_);
        }
    }
    /// As a host does: whenever it is due.
    void run_for(Duration time) {
        const Instant end = now_ + time;
        for (int i = 0; i < 1'000'000 && custody_.deadline() <= end; ++i) {
            now_ = std::max(now_, custody_.deadline());
            custody_.on_timer(now_);
            custody_.send_waiting(now_);
        }
        now_ = end;
    }
    std::vector<std::uint64_t> dropped(DropReason reason) const {
        std::vector<std::uint64_t> sequences;
        for (const auto& [why, id] : around_.drops) {
            if (why == reason) {
                sequences.push_back(id.sequence);
            }
        }
        return sequences;
    }
    using Sequences = std::vector<std::uint64_t>;

    std::string payload_ = std::string(1024, 'x');
    Instant now_ = Instant::from_ns(0) + 1h;
    MeshOptions options_{.self = kSelf, .name = {}, .partition_ttl = 1h};
    Around around_;
    Custody custody_{options_, around_, around_};
    std::uint64_t stored_ = 0;
};

TEST_F(CustodyLapse, WhatWaitedForTooLongIsDroppedAndTheDiskForgetsIt) {
    publish(1, 0);
    run_for(30min);
    publish(2, 0);
    run_for(29min);
    EXPECT_TRUE(around_.drops.empty());
    run_for(2min);
    EXPECT_EQ(dropped(DropReason::TooOld), Sequences{1});
    EXPECT_EQ(around_.disk.size(), 1U);
    run_for(1h);
    EXPECT_EQ(dropped(DropReason::TooOld), (Sequences{1, 2}));
    EXPECT_EQ(custody_.held_count(), 0U);
    EXPECT_EQ(custody_.held_bytes(), 0U);
    EXPECT_TRUE(around_.disk.empty());
}

TEST_F(CustodyLapse, WhatExpiresWhileItWaitsIsDroppedThen) {
    publish(1, 5'000);
    publish(2, 0);
    run_for(4s);
    EXPECT_TRUE(around_.drops.empty());
    run_for(2s);
    EXPECT_EQ(dropped(DropReason::Expired), Sequences{1});
    EXPECT_EQ(custody_.held_count(), 1U);
}

TEST_F(CustodyLapse, AlsoWhatIsOnDiskAlone) {
    around_.has_disk = true;
    options_.spool_memory_bytes_max = 0;
    publish(1, 5'000);
    publish(2, 0);
    EXPECT_EQ(custody_.spooled().count, 2U);
    run_for(10s);
    EXPECT_EQ(dropped(DropReason::Expired), Sequences{1});
    EXPECT_EQ(custody_.spooled().count, 1U);
    run_for(1h);
    EXPECT_EQ(dropped(DropReason::TooOld), Sequences{2});
    EXPECT_EQ(custody_.spooled().count, 0U);
    EXPECT_EQ(custody_.spooled().bytes, 0U);
    EXPECT_TRUE(around_.disk.empty());
}

TEST_F(CustodyLapse, OnlyWhoCannotBeReachedIsGivenUp) {
    around_.reachable = {kNear};
    publish(1, 0, {kNear, kFar});
    run_for(2h);
    EXPECT_EQ(dropped(DropReason::TooOld), Sequences{1});
    EXPECT_EQ(custody_.held_count(), 1U) << "it is not acknowledged";
    custody_.on_custody(kNear, {{kSelf, 1, 1}, CustodyVerdict::Accepted, {}}, now_);
    EXPECT_EQ(custody_.held_count(), 0U);
}

TEST_F(CustodyLapse, ADestinationThatCanBeReachedIsNeverGivenUpForItsAge) {
    around_.reachable = {kFar};
    publish(1, 0);
    run_for(3h);
    EXPECT_TRUE(dropped(DropReason::TooOld).empty());
    EXPECT_EQ(custody_.held_count(), 1U);
}

TEST_F(CustodyLapse, WhatWasGivenUpIsNoGapForThoseBehindIt) {
    publish(1, 1'000);
    publish(2, 0);
    run_for(10s);
    ASSERT_EQ(dropped(DropReason::Expired), Sequences{1});
    around_.reachable = {kFar};
    custody_.on_routes(now_);
    ASSERT_EQ(around_.sent.size(), 1U);
    EXPECT_EQ(around_.sent[0].first.sequence, 2U);
    EXPECT_EQ(around_.sent[0].second, DataKind::Publication);
}

TEST_F(CustodyLapse, AFullDiskGivesUpThatWhichHasLeastTimeLeft) {
    around_.has_disk = true;
    options_.spool_memory_bytes_max = 0;
    options_.spool_messages_max = 3;
    publish(1, 0);
    publish(2, 600'000);
    publish(3, 60'000);
    publish(4, 1'200'000);
    EXPECT_EQ(dropped(DropReason::SpoolFull), Sequences{3});
    publish(5, 0);
    EXPECT_EQ(dropped(DropReason::SpoolFull), (Sequences{3, 2}));
    publish(6, 0);
    EXPECT_EQ(dropped(DropReason::SpoolFull), (Sequences{3, 2, 4}));
    publish(7, 0);
    EXPECT_EQ(dropped(DropReason::SpoolFull), (Sequences{3, 2, 4, 1})) << "then the oldest";
    EXPECT_EQ(custody_.spooled().count, 3U);
}

TEST_F(CustodyLapse, WithoutADiskMemoryDoesTheSame) {
    options_.spool_memory_bytes_max = 2 * 1024 + 512;
    publish(1, 0);
    publish(2, 60'000);
    publish(3, 0);
    EXPECT_EQ(dropped(DropReason::SpoolFull), Sequences{2});
    publish(4, 0);
    EXPECT_EQ(dropped(DropReason::SpoolFull), (Sequences{2, 1}));
}

TEST_F(CustodyLapse, ManyThatLapseTogetherAreGivenUpAFewAtATime) {
    for (std::uint64_t i = 1; i <= 2 * kLapsesAtOnce; ++i) {
        publish(i, 5'000);
    }
    now_ = now_ + 6s;
    custody_.on_timer(now_);
    EXPECT_LE(custody_.deadline(), now_) << "there are more";
    const std::size_t first = around_.drops.size();
    EXPECT_GE(first, kLapsesAtOnce);
    run_for(1s);
    EXPECT_EQ(custody_.held_count(), 0U);
    EXPECT_EQ(around_.drops.size(), 2 * kLapsesAtOnce);
}

TEST_F(CustodyLapse, WhatAReplicaHoldsForAnotherGoesBackToIt) {
    Data data;
    data.id = {NodeId(9), 1, 1};
    data.qos = 1;
    data.topic = "t";
    data.wants_replica = true;
    data.destinations.push_back(
        {.node = kFar, .stream_sequence = 1, .stream_first = 1, .groups = {}});
    custody_.relay(data, kNear, now_);
    custody_.on_stored(CustodyTicket(1), now_);
    around_.answers.clear();
    run_for(2h);
    EXPECT_EQ(custody_.held_count(), 0U);
    ASSERT_EQ(around_.answers.size(), 1U);
    EXPECT_EQ(around_.answers[0].second.verdict, CustodyVerdict::Returned);
    EXPECT_TRUE(around_.disk.empty());
}

TEST_F(CustodyLapse, WhatWasRestoredWaitsAsLongAgain) {
    Data data;
    data.id = {kSelf, 1, 1};
    data.qos = 1;
    data.topic = "t";
    data.payload = as_bytes(payload_);
    data.destinations.push_back({.node = kFar, .stream_sequence = 1, .groups = {}});
    options_.epoch = 2;
    custody_.restore(CustodyTicket(1), data, now_);
    run_for(59min);
    EXPECT_TRUE(around_.drops.empty());
    run_for(2min);
    EXPECT_EQ(dropped(DropReason::TooOld), Sequences{1});
    EXPECT_EQ(custody_.held_count(), 0U);
}

// Whatever comes and goes: nothing is held for ever, nothing is lost that was not counted.
TEST_F(CustodyLapse, EachMessageIsAcknowledgedOrCountedOnce) {
    around_.has_disk = true;
    options_.spool_memory_bytes_max = 8 * 1024;
    options_.spool_messages_max = 20;
    Random random(7);
    const std::uint64_t count = 600;
    for (std::uint64_t i = 1; i <= count; ++i) {
        const bool expires = random.below(2) == 0;
        publish(i, expires ? static_cast<std::uint32_t>(1 + random.below(200'000)) : 0);
        run_for(Duration(1s) * static_cast<int>(random.below(20)));
        if (random.below(10) == 0) {
            random.below(3) == 0 ? around_.reachable.clear()
                                 : static_cast<void>(around_.reachable.insert(kFar));
            custody_.on_routes(now_);
        }
        for (const CustodyTicket ticket : std::exchange(around_.fetched, {})) {
            const auto stored = around_.disk.find(ticket);
            const Data content{
                .topic = "plant/pump",
                .properties = {},
                .payload = stored == around_.disk.end() ? Bytes() : as_bytes(stored->second)};
            custody_.on_fetched(ticket, stored == around_.disk.end() ? nullptr : &content, now_);
        }
        for (const auto& [id, kind] : std::exchange(around_.sent, {})) {
            if (around_.reachable.contains(kFar) && random.below(4) != 0) {
                custody_.on_custody(kNear, {id, CustodyVerdict::Accepted, {}}, now_);
            }
        }
        ASSERT_LE(custody_.spooled().count, options_.spool_messages_max);
    }
    around_.reachable.clear();
    custody_.on_neighbor_down(kNear, now_);
    custody_.on_routes(now_);
    run_for(3h);
    EXPECT_EQ(custody_.held_count(), 0U);
    EXPECT_EQ(custody_.held_bytes(), 0U);
    EXPECT_EQ(custody_.spooled().count, 0U);
    EXPECT_EQ(custody_.spooled().bytes, 0U);
    EXPECT_TRUE(around_.disk.empty());
    std::set<std::uint64_t> lost;
    for (const auto& [reason, id] : around_.drops) {
        EXPECT_TRUE(lost.insert(id.sequence).second) << id.sequence << " was counted twice";
    }
}

}  // namespace
}  // namespace kith::mesh

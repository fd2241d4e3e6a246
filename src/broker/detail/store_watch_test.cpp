#include "broker/detail/store_watch.h"

#include <gtest/gtest.h>

#include "broker/testing/broker_rig.h"
#include "storage/limits.h"

namespace kith::broker {
namespace {

/// A journal that has done and has to do what the test says.
class StillJournal final : public storage::Journal {
  public:
    storage::CommitTicket submit(ShardId, storage::WriteBatch&) override { return {}; }
    void read_queue(ShardId, const storage::QueueRead&) override {}
    storage::JournalCounters counters() const override { return now; }
    void between_commits(const std::function<void(storage::MessageStore&)>&) override {}

    storage::JournalCounters now;
};

class StoreWatchTest : public ::testing::Test {
  protected:
    StoreWatchTest() { watch_.start(journal_); }

    /// What was told since it was asked last: "degraded" and "healthy", with their reasons.
    std::vector<std::string> told() {
        std::vector<std::string> lines;
        for (const auto& event : events_.events) {
            lines.push_back((event.kind == EventKind::StoreDegraded ? "degraded: " : "healthy: ") +
                            event.reason);
        }
        events_.events.clear();
        return lines;
    }
    void make_it_hang() {
        journal_.now.pending_batches = 1;
        world_.run_for(storage::kSlowCommit + 2 * storage::kCommitLookInterval);
    }

    Log log_;
    runtime::sim::World world_{{}};
    runtime::sim::Host& host_{world_.add_host("node", 1, log_)};
    testing::RecordingEvents events_;
    StillJournal journal_;
    StoreWatch watch_{host_.shard(ShardId(0)), events_};
};

using Lines = std::vector<std::string>;

TEST_F(StoreWatchTest, SaysNothingOfAStoreThatHasNothingToDo) {
    world_.run_for(1h);
    EXPECT_EQ(told(), Lines{});
}

TEST_F(StoreWatchTest, SaysNothingOfABusyStoreThatGetsOn) {
    journal_.now.pending_batches = 7;
    for (int i = 0; i < 60; ++i) {
        world_.run_for(storage::kSlowCommit - 2 * storage::kCommitLookInterval);
        ++journal_.now.commits;
    }
    EXPECT_EQ(told(), Lines{});
}

TEST_F(StoreWatchTest, TellsOnceOfACommitThatHangsAndOnceThatItHasEnded) {
    journal_.now.pending_batches = 1;
    world_.run_for(storage::kSlowCommit);
    EXPECT_EQ(told(), Lines{});
    world_.run_for(2 * storage::kCommitLookInterval);
    const Lines lines = told();
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_TRUE(lines[0].starts_with("degraded: the disk has not answered since 2027-01-15T08:00:"))
        << lines[0];
    ++journal_.now.pending_batches;
    world_.run_for(1h);
    EXPECT_EQ(told(), Lines{});
    ++journal_.now.commits;
    journal_.now.pending_batches = 0;
    world_.run_for(2 * storage::kCommitLookInterval);
    EXPECT_EQ(told(), (Lines{"healthy: the disk answers again"}));
    world_.run_for(1h);
    EXPECT_EQ(told(), Lines{});
}

TEST_F(StoreWatchTest, TellsOfAReadThatHangs) {
    journal_.now.pending_reads = 1;
    world_.run_for(storage::kSlowCommit + 2 * storage::kCommitLookInterval);
    EXPECT_EQ(told().size(), 1U);
    ++journal_.now.reads;
    journal_.now.pending_reads = 0;
    world_.run_for(2 * storage::kCommitLookInterval);
    EXPECT_EQ(told(), (Lines{"healthy: the disk answers again"}));
}

TEST_F(StoreWatchTest, ADiskThatTakesLongForEachCommitStaysDegraded) {
    make_it_hang();
    EXPECT_EQ(told().size(), 1U);
    for (int i = 0; i < 20; ++i) {
        ++journal_.now.commits;
        world_.run_for(storage::kSlowCommit + 2 * storage::kCommitLookInterval);
    }
    EXPECT_EQ(told(), Lines{});
    ++journal_.now.commits;
    world_.run_for(2 * storage::kCommitLookInterval);
    ++journal_.now.commits;
    world_.run_for(2 * storage::kCommitLookInterval);
    EXPECT_EQ(told(), (Lines{"healthy: the disk answers again"}));
}

TEST_F(StoreWatchTest, AStoreThatFailsAndTriesAgainDoesNotHang) {
    watch_.on_state(storage::StoreState::Degraded, "disk full");
    journal_.now.pending_batches = 1;
    world_.run_for(1h);
    watch_.on_state(storage::StoreState::Healthy, "");
    ++journal_.now.commits;
    journal_.now.pending_batches = 0;
    world_.run_for(1h);
    EXPECT_EQ(told(), (Lines{"degraded: disk full", "healthy: store writes again"}));
}

TEST_F(StoreWatchTest, AHangThatEndsInAFailureIsOverWhenTheStoreWritesAgain) {
    make_it_hang();
    EXPECT_EQ(told().size(), 1U);
    watch_.on_state(storage::StoreState::Degraded, "disk full");
    ++journal_.now.failures;
    world_.run_for(10s);
    watch_.on_state(storage::StoreState::Healthy, "");
    ++journal_.now.commits;
    world_.run_for(storage::kSlowCommit - storage::kCommitLookInterval);
    EXPECT_EQ(told(), (Lines{"degraded: disk full", "healthy: store writes again"}));
}

}  // namespace
}  // namespace kith::broker

#include "storage/writer_journal.h"

#include <algorithm>
#include <atomic>
#include <climits>
#include <thread>

#include <gtest/gtest.h>

#include "storage/backoff.h"
#include "storage/memory/memory_stores.h"
#include "storage/testing/commit_recorder.h"
#include "storage/testing/gate.h"
#include "storage/testing/record_text.h"

namespace kith::storage {
namespace {

using testing::to_text;

/// A store whose commits wait at a gate and fail on demand.
class GatedStore final : public MessageStore {
  public:
    /// What the test holds of it; set before a commit passes the gate.
    struct Control {
        testing::Gate gate;
        std::atomic<int> failures_left = 0;
        std::atomic<int> read_failures_left = 0;
        std::atomic<const char*> failure = "disk full";
        Status tidy_result;
        // For after the journal has closed.
        std::vector<std::size_t> group_sizes;  // of commits that succeeded
        int tidy_count = 0;
        std::string content;
    };

    explicit GatedStore(Control& control) : control_(control), store_(make_memory_message_store()) {
        (void)to_text(*store_);
    }
    ~GatedStore() override { control_.content = to_text(*store_); }

    Status recover(RecoveryVisitor& visitor) override { return store_->recover(visitor); }
    Status commit(std::span<const WriteBatch* const> batches) override {
        control_.gate.pass();
        if (control_.failures_left > 0) {
            --control_.failures_left;
            // As two reasons differ in reality: by their code.
            const char* text = control_.failure;
            return fail(ErrorKind::Io, text, static_cast<std::uint16_t>(text[0]));
        }
        control_.group_sizes.push_back(batches.size());
        return store_->commit(batches);
    }
    Status tidy() override {
        ++control_.tidy_count;
        return control_.tidy_result;
    }
    Result<std::uint64_t> read_queue(const QueueRead& read, QueueVisitor& visitor) override {
        if (control_.read_failures_left > 0) {
            --control_.read_failures_left;
            return fail(ErrorKind::Io, "bad sector", 7);
        }
        return store_->read_queue(read, visitor);
    }
    std::uint64_t message_count() const override { return store_->message_count(); }
    MessageId last_message_id() const override { return store_->last_message_id(); }
    SessionId last_session_id() const override { return store_->last_session_id(); }

  private:
    Control& control_;
    std::unique_ptr<MessageStore> store_;
};

class WriterJournalTest : public ::testing::Test {
  protected:
    void start(std::uint16_t shard_count) {
        journal_ = make_writer_journal(
            std::make_unique<GatedStore>(control_),
            {.shard_count = shard_count, .retry_wait_min = 0ns, .retry_wait_max = 0ns}, recorder_,
            log_);
    }
    /// Submits a batch that puts one session.
    CommitTicket submit(std::uint16_t shard, std::uint64_t session, std::size_t will_bytes = 0) {
        const std::vector<std::uint8_t> will(will_bytes);
        batch_.put_session({.id = SessionId(session), .client_id = "c", .will = will});
        const CommitTicket ticket = journal_->submit(ShardId(shard), batch_);
        EXPECT_TRUE(batch_.empty());
        return ticket;
    }
    /// Puts the writer into a commit that does not end until the gate opens.
    void block_writer() {
        control_.gate.close();
        EXPECT_EQ(submit(0, 1), CommitTicket(1));
        control_.gate.wait_for_arrival();
    }

    GatedStore::Control control_;
    testing::CommitRecorder recorder_;
    Log log_;
    WriteBatch batch_;
    std::unique_ptr<Journal> journal_;
};

using Lines = std::vector<std::string>;

TEST_F(WriterJournalTest, CommitsAtOnceWhenIdle) {
    start(1);
    EXPECT_EQ(submit(0, 1), CommitTicket(1));
    EXPECT_EQ(recorder_.wait_for_calls(1), (Lines{"shard 0 through 1"}));
    EXPECT_EQ(submit(0, 2), CommitTicket(2));
    EXPECT_EQ(recorder_.wait_for_calls(2), (Lines{"shard 0 through 1", "shard 0 through 2"}));
}

TEST_F(WriterJournalTest, TakesAllThatWaitIntoTheNextCommit) {
    start(3);
    block_writer();
    EXPECT_EQ(submit(0, 2), CommitTicket(2));
    EXPECT_EQ(submit(2, 3), CommitTicket(1));
    EXPECT_EQ(submit(0, 4), CommitTicket(3));
    EXPECT_EQ(submit(2, 5), CommitTicket(2));
    EXPECT_EQ(journal_->counters().pending_batches, 5U);
    EXPECT_GT(journal_->counters().pending_bytes, 0U);
    control_.gate.open();
    EXPECT_EQ(recorder_.wait_for_calls(3),
              (Lines{"shard 0 through 1", "shard 0 through 3", "shard 2 through 2"}));
    journal_.reset();
    EXPECT_EQ(control_.group_sizes, (std::vector<std::size_t>{1, 4}));
}

TEST_F(WriterJournalTest, CountsWhatItHasDone) {
    start(1);
    control_.failures_left = 2;
    batch_.put_session({.id = SessionId(1)});
    batch_.delete_session(SessionId(2));
    const std::size_t bytes = batch_.size_bytes();
    EXPECT_EQ(journal_->submit(ShardId(0), batch_), CommitTicket(1));
    (void)recorder_.wait_for_calls(3);
    const JournalCounters counters = journal_->counters();
    EXPECT_EQ(counters.commits, 1U);
    EXPECT_EQ(counters.changes, 2U);
    EXPECT_EQ(counters.bytes, bytes);
    EXPECT_EQ(counters.failures, 2U);
    EXPECT_EQ(counters.pending_batches, 0U);
    EXPECT_EQ(counters.pending_bytes, 0U);
}

TEST_F(WriterJournalTest, KeepsBatchesWhileTheStoreFailsAndReportsBothTurns) {
    start(1);
    control_.failures_left = 7;
    submit(0, 1);
    EXPECT_EQ(recorder_.wait_for_calls(3),
              (Lines{"degraded: disk full", "healthy", "shard 0 through 1"}));
    journal_.reset();
    EXPECT_EQ(control_.content,
              "session 1 tenant=0 client=c principal= expiry=0 version=0 at=0 0:\n");
}

TEST_F(WriterJournalTest, ReportsAnotherReasonOfFailure) {
    start(1);
    block_writer();
    control_.failures_left = 1;
    control_.gate.open();
    (void)recorder_.wait_for_calls(3);
    control_.failure = "broken disk";
    control_.failures_left = 1;
    submit(0, 2);
    EXPECT_EQ(recorder_.wait_for_calls(6),
              (Lines{"degraded: disk full", "healthy", "shard 0 through 1", "degraded: broken disk",
                     "healthy", "shard 0 through 2"}));
}

TEST_F(WriterJournalTest, SplitsABacklogIntoBoundedTransactions) {
    start(1);
    block_writer();
    for (std::uint64_t session = 2; session <= 5; ++session) {
        submit(0, session, kGroupBytesMax / 2 - 100);
    }
    submit(0, 6, kGroupBytesMax * 2);
    submit(0, 7);
    control_.gate.open();
    EXPECT_EQ(recorder_.wait_for_calls(5),
              (Lines{"shard 0 through 1", "shard 0 through 3", "shard 0 through 5",
                     "shard 0 through 6", "shard 0 through 7"}));
    journal_.reset();
    EXPECT_EQ(control_.group_sizes, (std::vector<std::size_t>{1, 2, 2, 1, 1}));
}

TEST_F(WriterJournalTest, TidiesAfterEachCommitAndSurvivesItsFailure) {
    control_.tidy_result = fail(ErrorKind::Io, "the disk failed under the database");
    start(1);
    submit(0, 1);
    (void)recorder_.wait_for_calls(1);
    submit(0, 2);
    EXPECT_EQ(recorder_.wait_for_calls(2), (Lines{"shard 0 through 1", "shard 0 through 2"}));
    journal_.reset();
    EXPECT_EQ(control_.tidy_count, 2);
}

TEST_F(WriterJournalTest, CommitsWhatWasSubmittedBeforeItCloses) {
    start(2);
    block_writer();
    submit(1, 2);
    control_.failures_left = 2;
    std::thread closing([this] { journal_.reset(); });
    control_.gate.open();
    closing.join();
    const Lines lines = recorder_.calls();
    EXPECT_EQ(lines.back(), "shard 1 through 1");
    EXPECT_NE(control_.content.find("session 2 "), std::string::npos);
}

TEST_F(WriterJournalTest, GivesUpOnABrokenStoreWhenItCloses) {
    start(1);
    control_.failures_left = INT_MAX;
    submit(0, 1);
    (void)recorder_.wait_for_calls(1);
    journal_.reset();
    EXPECT_EQ(recorder_.calls(), (Lines{"degraded: disk full"}));
    EXPECT_EQ(control_.content, "");
}

TEST_F(WriterJournalTest, HandsMemoryOfWrittenBatchesBack) {
    start(1);
    control_.gate.close();
    submit(0, 1, 10'000);
    control_.gate.wait_for_arrival();
    submit(0, 2, 10'000);
    EXPECT_EQ(batch_.kept_bytes(), 0U);
    // The first goes back before the second is committed.
    control_.gate.open();
    (void)recorder_.wait_for_calls(2);
    submit(0, 3);
    EXPECT_GE(batch_.kept_bytes(), 10'000U);
}

/// Memory that a slow disk made it gather does not stay.
TEST_F(WriterJournalTest, KeepsABoundedAmountOfMemory) {
    start(1);
    block_writer();
    for (std::uint64_t session = 2; session <= 20; ++session) {
        submit(0, session, kBatchKeptBytesMax / 3);
    }
    control_.gate.open();
    recorder_.wait_for(ShardId(0), CommitTicket(20));
    // The last group has gone back before this one is committed.
    submit(0, 21);
    recorder_.wait_for(ShardId(0), CommitTicket(21));
    std::size_t kept_bytes = batch_.kept_bytes();
    for (std::uint64_t session = 22; session <= 42; ++session) {
        batch_ = WriteBatch();
        submit(0, session);
        kept_bytes += batch_.kept_bytes();
    }
    EXPECT_GT(kept_bytes, kBatchKeptBytesMax / 4);
    EXPECT_LE(kept_bytes, kSpareBytesPerShardMax + kBatchKeptBytesMax / 2);
}

TEST_F(WriterJournalTest, ReadsAQueueBehindWhatWasSubmittedBefore) {
    start(2);
    block_writer();
    batch_.put_message({.id = MessageId(5), .topic = "t", .payload = as_bytes("x")});
    batch_.put_delivery({.session = SessionId(1), .sequence = 3, .message = MessageId(5)});
    (void)journal_->submit(ShardId(1), batch_);
    journal_->read_queue(
        ShardId(1),
        {.session = SessionId(1), .from = 0, .behind = 9, .messages_max = 9, .bytes_max = 999});
    EXPECT_EQ(journal_->counters().pending_reads, 1U);
    control_.gate.open();
    const auto parts = recorder_.wait_for_reads(1);
    EXPECT_EQ(parts[0].next, 9U);
    EXPECT_EQ(parts[0].found.change_count(), 2U);
    EXPECT_EQ(journal_->counters().reads, 1U);
    EXPECT_EQ(journal_->counters().pending_reads, 0U);
    EXPECT_EQ(journal_->counters().messages, 1U);
}

TEST_F(WriterJournalTest, AReadThatFailsIsTriedAgainAndCommitsGoOn) {
    start(1);
    control_.gate.open();
    control_.read_failures_left = 3;
    journal_->read_queue(ShardId(0), {.session = SessionId(1), .behind = 9});
    submit(0, 1);
    (void)recorder_.wait_for_reads(1);
    const Lines lines = recorder_.wait_for_calls(3);
    EXPECT_NE(std::ranges::find(lines, "degraded: bad sector"), lines.end());
    EXPECT_NE(std::ranges::find(lines, "healthy"), lines.end());
    EXPECT_EQ(journal_->counters().read_failures, 3U);
    EXPECT_EQ(journal_->counters().pending_reads, 0U);
    EXPECT_EQ(journal_->counters().state, StoreState::Healthy);
}

TEST_F(WriterJournalTest, StaysDegradedUntilBothWritesAndReadsWork) {
    start(1);
    control_.gate.open();
    control_.read_failures_left = INT_MAX;
    journal_->read_queue(ShardId(0), {.session = SessionId(1), .behind = 9});
    EXPECT_EQ(recorder_.wait_for_calls(1), (Lines{"degraded: bad sector"}));
    control_.failures_left = 1;
    submit(0, 1);
    EXPECT_EQ(recorder_.wait_for_calls(4), (Lines{"degraded: bad sector", "degraded: disk full",
                                                  "degraded: bad sector", "shard 0 through 1"}));
    EXPECT_EQ(journal_->counters().state, StoreState::Degraded);
    EXPECT_EQ(journal_->counters().reason, "bad sector");
    control_.read_failures_left = 0;
    (void)recorder_.wait_for_reads(1);
    EXPECT_EQ(recorder_.wait_for_calls(5).back(), "healthy");
}

TEST(Backoff, DoublesUpToItsLastWaitAndStartsAnew) {
    Backoff backoff(10ms, 50ms);
    EXPECT_EQ(backoff.next(), 10ms);
    EXPECT_EQ(backoff.next(), 20ms);
    EXPECT_EQ(backoff.next(), 40ms);
    EXPECT_EQ(backoff.next(), 50ms);
    EXPECT_EQ(backoff.next(), 50ms);
    backoff.reset();
    EXPECT_EQ(backoff.next(), 10ms);
}

TEST_F(WriterJournalTest, ATaskRunsBetweenCommitsAndSeesThoseBefore) {
    start(1);
    control_.gate.open();
    std::string seen;
    for (std::uint64_t i = 1; i <= 50; ++i) {
        const CommitTicket ticket = submit(0, i);
        recorder_.wait_for(ShardId(0), ticket);
        journal_->between_commits([&](MessageStore& store) { seen = to_text(store); });
        EXPECT_EQ(std::count(seen.begin(), seen.end(), '\n'), static_cast<std::ptrdiff_t>(i));
    }
}

TEST_F(WriterJournalTest, ATaskRunsWhileTheStoreCannotWrite) {
    control_.failures_left = INT_MAX;
    start(1);
    control_.gate.open();
    (void)submit(0, 1);
    (void)recorder_.wait_for_calls(1);
    bool has_run = false;
    journal_->between_commits([&](MessageStore&) { has_run = true; });
    EXPECT_TRUE(has_run);
    control_.failures_left = 0;
    recorder_.wait_for(ShardId(0), CommitTicket(1));
}

}  // namespace
}  // namespace kith::storage

#include "storage/writer_journal.h"

#include <climits>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "storage/backoff.h"
#include "storage/memory/memory_stores.h"
#include "storage/testing/record_text.h"

namespace kith::storage {
namespace {

using testing::to_text;

/// A store whose commits wait for permission and fail on demand. Shared by the test's thread and
/// the writer's.
class GatedStore final : public MessageStore {
  public:
    struct Control {
        std::mutex mutex;
        std::condition_variable changed;
        bool gate_open = true;
        int failures_left = 0;
        Error failure{};
        int waiting_count = 0;                 // commits that wait at the gate
        std::vector<std::size_t> group_sizes;  // of commits that succeeded
        int tidy_count = 0;
        Status tidy_result;
        std::string content;  // when the store was closed

        void open_gate() {
            const std::lock_guard lock(mutex);
            gate_open = true;
            changed.notify_all();
        }
        void close_gate() {
            const std::lock_guard lock(mutex);
            gate_open = false;
        }
        void wait_for_waiting_commit() {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return waiting_count > 0; });
        }
        void set_failures(int count, const Error& error = {ErrorKind::Io, 28, "disk full"}) {
            const std::lock_guard lock(mutex);
            failures_left = count;
            failure = error;
        }
    };

    explicit GatedStore(Control& control) : control_(control), store_(make_memory_message_store()) {
        (void)to_text(*store_);
    }
    ~GatedStore() override { control_.content = to_text(*store_); }

    Status recover(RecoveryVisitor& visitor) override { return store_->recover(visitor); }
    Status commit(std::span<const WriteBatch* const> batches) override {
        std::unique_lock lock(control_.mutex);
        ++control_.waiting_count;
        control_.changed.notify_all();
        control_.changed.wait(lock, [&] { return control_.gate_open; });
        --control_.waiting_count;
        if (control_.failures_left > 0) {
            --control_.failures_left;
            return tl::unexpected(control_.failure);
        }
        control_.group_sizes.push_back(batches.size());
        return store_->commit(batches);
    }
    Status tidy() override {
        const std::lock_guard lock(control_.mutex);
        ++control_.tidy_count;
        return control_.tidy_result;
    }
    MessageId last_message_id() const override { return store_->last_message_id(); }
    SessionId last_session_id() const override { return store_->last_session_id(); }

  private:
    Control& control_;
    std::unique_ptr<MessageStore> store_;
};

/// Remembers what it is told, as lines.
class Listener final : public CommitListener {
  public:
    void on_committed(ShardId shard, CommitTicket through) override {
        add("shard " + std::to_string(shard.value()) + " through " +
            std::to_string(through.value()));
    }
    void on_store_state(StoreState state, const Error& reason) override {
        add(state == StoreState::Healthy ? "healthy" : std::string("degraded: ") + reason.text);
    }
    /// Waits until `count` lines have been told and returns all.
    std::vector<std::string> wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return lines_.size() >= count; });
        return lines_;
    }

  private:
    void add(std::string line) {
        const std::lock_guard lock(mutex_);
        lines_.push_back(std::move(line));
        changed_.notify_all();
    }
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> lines_;
};

class WriterJournalTest : public ::testing::Test {
  protected:
    void start(std::uint16_t shard_count) {
        journal_ = make_writer_journal(
            std::make_unique<GatedStore>(control_),
            {.shard_count = shard_count, .retry_wait_min = 0ns, .retry_wait_max = 0ns}, listener_,
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
        control_.close_gate();
        EXPECT_EQ(submit(0, 1), CommitTicket(1));
        control_.wait_for_waiting_commit();
    }

    GatedStore::Control control_;
    Listener listener_;
    Log log_;
    WriteBatch batch_;
    std::unique_ptr<Journal> journal_;
};

using Lines = std::vector<std::string>;

TEST_F(WriterJournalTest, CommitsAtOnceWhenIdle) {
    start(1);
    EXPECT_EQ(submit(0, 1), CommitTicket(1));
    EXPECT_EQ(listener_.wait_for(1), (Lines{"shard 0 through 1"}));
    EXPECT_EQ(submit(0, 2), CommitTicket(2));
    EXPECT_EQ(listener_.wait_for(2), (Lines{"shard 0 through 1", "shard 0 through 2"}));
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
    control_.open_gate();
    EXPECT_EQ(listener_.wait_for(3),
              (Lines{"shard 0 through 1", "shard 0 through 3", "shard 2 through 2"}));
    journal_.reset();
    EXPECT_EQ(control_.group_sizes, (std::vector<std::size_t>{1, 4}));
}

TEST_F(WriterJournalTest, CountsWhatItHasDone) {
    start(1);
    control_.set_failures(2);
    batch_.put_session({.id = SessionId(1)});
    batch_.delete_session(SessionId(2));
    const std::size_t bytes = batch_.size_bytes();
    EXPECT_EQ(journal_->submit(ShardId(0), batch_), CommitTicket(1));
    (void)listener_.wait_for(3);
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
    control_.set_failures(7);
    submit(0, 1);
    EXPECT_EQ(listener_.wait_for(3),
              (Lines{"degraded: disk full", "healthy", "shard 0 through 1"}));
    journal_.reset();
    EXPECT_EQ(control_.content,
              "session 1 tenant=0 client=c principal= expiry=0 version=0 at=0 0:\n");
}

TEST_F(WriterJournalTest, ReportsAnotherReasonOfFailure) {
    start(1);
    block_writer();
    control_.set_failures(1);
    control_.open_gate();
    (void)listener_.wait_for(3);
    control_.set_failures(1, {ErrorKind::Io, 5, "the disk failed under the database"});
    submit(0, 2);
    EXPECT_EQ(listener_.wait_for(6), (Lines{"degraded: disk full", "healthy", "shard 0 through 1",
                                            "degraded: the disk failed under the database",
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
    control_.open_gate();
    EXPECT_EQ(listener_.wait_for(5),
              (Lines{"shard 0 through 1", "shard 0 through 3", "shard 0 through 5",
                     "shard 0 through 6", "shard 0 through 7"}));
    journal_.reset();
    EXPECT_EQ(control_.group_sizes, (std::vector<std::size_t>{1, 2, 2, 1, 1}));
}

TEST_F(WriterJournalTest, TidiesAfterEachCommitAndSurvivesItsFailure) {
    control_.tidy_result = fail(ErrorKind::Io, "the disk failed under the database");
    start(1);
    submit(0, 1);
    (void)listener_.wait_for(1);
    submit(0, 2);
    EXPECT_EQ(listener_.wait_for(2), (Lines{"shard 0 through 1", "shard 0 through 2"}));
    journal_.reset();
    EXPECT_EQ(control_.tidy_count, 2);
}

TEST_F(WriterJournalTest, CommitsWhatWasSubmittedBeforeItCloses) {
    start(2);
    block_writer();
    submit(1, 2);
    control_.set_failures(2);
    std::thread closing([this] { journal_.reset(); });
    control_.open_gate();
    closing.join();
    const Lines lines = listener_.wait_for(0);
    EXPECT_EQ(lines.back(), "shard 1 through 1");
    EXPECT_NE(control_.content.find("session 2 "), std::string::npos);
}

TEST_F(WriterJournalTest, GivesUpOnABrokenStoreWhenItCloses) {
    start(1);
    control_.set_failures(INT_MAX);
    submit(0, 1);
    (void)listener_.wait_for(1);
    journal_.reset();
    EXPECT_EQ(listener_.wait_for(0), (Lines{"degraded: disk full"}));
    EXPECT_EQ(control_.content, "");
}

TEST_F(WriterJournalTest, HandsMemoryOfWrittenBatchesBack) {
    start(1);
    // A batch goes back before the next one is committed, so the third submission finds the first.
    for (std::uint64_t session = 1; session <= 2; ++session) {
        submit(0, session, 10'000);
        (void)listener_.wait_for(session);
    }
    batch_ = WriteBatch();
    submit(0, 3);
    EXPECT_GE(batch_.kept_bytes(), 10'000U);
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

}  // namespace
}  // namespace kith::storage

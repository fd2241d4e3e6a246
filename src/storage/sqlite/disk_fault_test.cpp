// A disk that fails, runs full or is slow: nothing is lost, nothing is there by halves, and the
// store works again without a restart.
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "storage/memory/memory_stores.h"
#include "storage/sqlite/sqlite_stores.h"
#include "storage/testing/commit_recorder.h"
#include "storage/testing/gate.h"
#include "storage/testing/record_text.h"
#include "storage/testing/temp_directory.h"
#include "storage/testing/workload.h"
#include "tests/support/vfs/fault_vfs.h"

namespace kith::storage {
namespace {

using testing::to_text;

constexpr std::uint64_t kNever = 1'000'000'000;

class DiskFaultTest : public ::testing::Test {
  protected:
    void open(std::uint32_t log_pages_max = 1000) {
        auto opened = open_message_store({.path = directory_.file("messages.db"),
                                          .vfs = "disk-fault",
                                          .log_pages_max = log_pages_max});
        ASSERT_TRUE(opened) << opened.error().text;
        store_ = std::move(*opened);
        ASSERT_EQ(to_text(*store_), to_text(*oracle_));
    }
    [[nodiscard]] Status commit(const WriteBatch& batch) {
        const WriteBatch* const group = &batch;
        return store_->commit({&group, 1});
    }
    void expect(const WriteBatch& batch) {
        const WriteBatch* const group = &batch;
        ASSERT_TRUE(oracle_->commit({&group, 1}));
    }
    /// A message of this size for one session that stays.
    static void fill(WriteBatch& batch, std::uint64_t id, std::size_t payload_bytes) {
        const std::vector<std::uint8_t> payload(payload_bytes, 7);
        batch.put_session({.id = SessionId(1), .client_id = "c"});
        batch.put_message({.id = MessageId(id), .topic = "t", .payload = payload});
        batch.put_delivery({.session = SessionId(1), .sequence = id, .message = MessageId(id)});
    }
    void lose_power_and_open() {
        vfs_.cut_power();
        store_.reset();
        vfs_.restore_power();
        open();
    }

    testing::TempDirectory directory_;
    test::FaultVfs vfs_{{.name = "disk-fault"}};
    std::unique_ptr<MessageStore> oracle_ = make_memory_message_store();
    std::unique_ptr<MessageStore> store_;
};

/// Each operation of a commit fails in turn, alone or with those behind it. What a failed sync
/// should have written is gone unless it is written again, as on Linux; the power cut at the end
/// shows whether it was.
TEST_F(DiskFaultTest, AFailedCommitLeavesNothingAndMayBeTriedAgain) {
    open();
    testing::Workload workload(11);
    std::uint64_t failure_count = 0;
    for (std::uint64_t operation = 1; operation <= 120; ++operation) {
        WriteBatch batch;
        workload.fill(batch, 40);
        vfs_.fail_after(1 + operation % 40, 1 + operation % 3);
        Status status = commit(batch);
        for (int i = 0; i < 5 && !status; ++i) {
            ++failure_count;
            EXPECT_EQ(status.error().kind, ErrorKind::Io);
            // Not always: a recovery would mend what the failure may have left in memory.
            if (operation % 4 == 0) {
                vfs_.fail_after(kNever, 0);
                ASSERT_EQ(to_text(*store_), to_text(*oracle_)) << "operation " << operation;
            }
            status = commit(batch);
        }
        vfs_.fail_after(kNever, 0);
        ASSERT_TRUE(status) << status.error().text;
        expect(batch);
        if (operation % 7 == 0) {
            lose_power_and_open();
        }
    }
    EXPECT_EQ(to_text(*store_), to_text(*oracle_));
    EXPECT_GT(failure_count, 20U);
}

/// A message and the mark of its place, as a stream is delivered: whatever operation fails, alone
/// or with all behind it, and wherever the power is lost then, there are both or neither.
TEST_F(DiskFaultTest, AMarkIsThereExactlyWhenTheMessageOfItsBatchIs) {
    open();
    std::uint64_t failure_count = 0;
    for (std::uint64_t id = 1; id <= 40; ++id) {
        WriteBatch batch;
        fill(batch, id, 3000);
        const std::string position = std::to_string(id);
        batch.put_mark({.key = as_bytes("stream"), .value = as_bytes(position)});
        vfs_.fail_after(1 + id % 10, id % 2 == 0 ? 1 : kNever);
        const Status status = commit(batch);
        failure_count += status ? 0U : 1U;
        vfs_.fail_after(kNever, 0);
        vfs_.cut_power();
        store_.reset();
        vfs_.restore_power();
        auto opened =
            open_message_store({.path = directory_.file("messages.db"), .vfs = "disk-fault"});
        ASSERT_TRUE(opened) << opened.error().text;
        store_ = std::move(*opened);
        const std::string content = to_text(*store_);
        if (status || content != to_text(*oracle_)) {
            expect(batch);
        }
        ASSERT_EQ(content, to_text(*oracle_)) << "message " << id;
    }
    EXPECT_GT(failure_count, 10U);
}

TEST_F(DiskFaultTest, AFailedCommitDoesNotForgetTheHighestIds) {
    open();
    for (std::uint64_t operation = 1; operation <= 8; ++operation) {
        const std::uint64_t id = operation * 1'000'000;
        WriteBatch batch;
        batch.put_message({.id = MessageId(id), .topic = "t"});
        batch.put_session({.id = SessionId(id)});
        batch.delete_session(SessionId(id));
        vfs_.fail_after(operation, 1);
        const Status status = commit(batch);
        vfs_.fail_after(kNever, 0);
        if (!status) {
            ASSERT_TRUE(commit(batch));
        }
        lose_power_and_open();
        EXPECT_GE(store_->last_message_id(), MessageId(id));
        EXPECT_GE(store_->last_session_id(), SessionId(id));
    }
}

TEST_F(DiskFaultTest, AFailedCheckpointLosesNothing) {
    testing::Workload workload(12);
    open(1);
    std::uint64_t failure_count = 0;
    for (std::uint64_t operation = 1; operation <= 100; ++operation) {
        WriteBatch batch;
        workload.fill(batch, 40);
        ASSERT_TRUE(commit(batch));
        expect(batch);
        vfs_.fail_after(1 + operation % 30, 1);
        failure_count += store_->tidy() ? 0U : 1U;
        vfs_.fail_after(kNever, 0);
        if (operation % 5 == 0) {
            lose_power_and_open();
            store_.reset();
            open(1);
        }
    }
    EXPECT_GT(failure_count, 20U);
    EXPECT_TRUE(store_->tidy());
    EXPECT_EQ(to_text(*store_), to_text(*oracle_));
}

TEST_F(DiskFaultTest, AFullDiskIsReportedAndSurvived) {
    open();
    WriteBatch small;
    fill(small, 1, 10);
    ASSERT_TRUE(commit(small));
    expect(small);
    vfs_.set_space_bytes(300'000);
    WriteBatch large;
    fill(large, 2, 500'000);
    for (int i = 0; i < 3; ++i) {
        const Status status = commit(large);
        ASSERT_FALSE(status);
        EXPECT_EQ(status.error().kind, ErrorKind::Io);
        EXPECT_EQ(status.error().code, ENOSPC);
        EXPECT_EQ(to_text(*store_), to_text(*oracle_));
    }
    vfs_.set_space_bytes(std::nullopt);
    ASSERT_TRUE(commit(large));
    expect(large);
    lose_power_and_open();
}

/// The log may grow while it cannot be written back, but not for ever.
TEST_F(DiskFaultTest, ALogThatCannotBeWrittenBackIsBounded) {
    open(4);
    vfs_.fail_changes_of("messages.db");
    std::uint64_t id = 1;
    std::uint64_t failure_count = 0;
    Status status;
    while (status && id < 1000) {
        WriteBatch batch;
        fill(batch, id++, 3000);
        status = commit(batch);
        if (status) {
            expect(batch);
        }
        failure_count += store_->tidy() ? 0U : 1U;
    }
    ASSERT_FALSE(status);
    EXPECT_GT(failure_count, 1U);
    EXPECT_GT(id, 10U);
    EXPECT_LT(id, 64U);
    vfs_.fail_changes_of("");
    WriteBatch batch;
    fill(batch, id, 3000);
    ASSERT_TRUE(commit(batch));
    expect(batch);
    lose_power_and_open();
}

TEST_F(DiskFaultTest, OpeningMayFailAtAnyOperationAndWorksAfterwards) {
    open();
    WriteBatch batch;
    testing::Workload(5).fill(batch, 200);
    ASSERT_TRUE(commit(batch));
    expect(batch);
    std::uint64_t failure_count = 0;
    for (std::uint64_t operation = 1; operation <= 60; ++operation) {
        vfs_.cut_power();
        store_.reset();
        vfs_.restore_power();
        vfs_.fail_after(operation, 1);
        auto opened =
            open_message_store({.path = directory_.file("messages.db"), .vfs = "disk-fault"});
        if (!opened) {
            ++failure_count;
            EXPECT_EQ(opened.error().kind, ErrorKind::Io) << opened.error().text;
        } else if (to_text(**opened).find("failed: ") != std::string::npos) {
            ++failure_count;
        }
        opened = fail(ErrorKind::Closed, "");
        vfs_.fail_after(kNever, 0);
        open();
    }
    EXPECT_GT(failure_count, 10U);
}

/// A page that was written by halves: the store says so, or shows every message.
TEST_F(DiskFaultTest, ATornPageIsReportedAndSkipsNothing) {
    constexpr std::uint64_t kCount = 200;
    const std::string path = directory_.file("torn.db");
    const std::string copy = directory_.file("copy.db");
    {
        auto store = open_message_store({.path = path});
        ASSERT_TRUE(store);
        ASSERT_EQ(to_text(**store), "");
        WriteBatch batch;
        for (std::uint64_t id = 1; id <= kCount; ++id) {
            fill(batch, id, 200);
        }
        const WriteBatch* const group = &batch;
        ASSERT_TRUE((*store)->commit({&group, 1}));
    }
    constexpr std::size_t kPageBytes = 4096;
    const std::size_t page_count = std::filesystem::file_size(path) / kPageBytes;
    std::size_t reported_count = 0;
    for (std::size_t page = 1; page < page_count; ++page) {
        std::filesystem::copy_file(path, copy, std::filesystem::copy_options::overwrite_existing);
        {
            std::fstream file(copy, std::ios::in | std::ios::out | std::ios::binary);
            file.seekp(static_cast<std::streamoff>(page * kPageBytes));
            file << std::string(kPageBytes / 2, '\xFF');
        }
        auto store = open_message_store({.path = copy});
        const std::string content = store ? to_text(**store) : "failed: cannot open";
        if (content.find("failed: ") != std::string::npos) {
            ++reported_count;
        } else {
            EXPECT_NE(content.find("messages " + std::to_string(kCount)), std::string::npos)
                << "page " << page;
        }
    }
    EXPECT_GT(reported_count, page_count / 2);
}

/// The whole way: a shard's batch, the writer, SQLite, a full disk, and room again.
TEST_F(DiskFaultTest, AJournalSurvivesAFullDiskWithoutRestart) {
    open();
    const Log log;
    testing::CommitRecorder recorder;
    auto journal = make_writer_journal(
        std::move(store_), {.retry_wait_min = 1ms, .retry_wait_max = 1ms}, recorder, log);
    vfs_.set_space_bytes(300'000);
    WriteBatch batch;
    fill(batch, 1, 500'000);
    EXPECT_EQ(journal->submit(ShardId(0), batch), CommitTicket(1));
    (void)recorder.wait_for_calls(1);
    fill(batch, 2, 10);
    EXPECT_EQ(journal->submit(ShardId(0), batch), CommitTicket(2));
    vfs_.set_space_bytes(std::nullopt);
    recorder.wait_for(ShardId(0), CommitTicket(2));
    const std::vector<std::string> calls = recorder.calls();
    ASSERT_GE(calls.size(), 3U);
    EXPECT_EQ(calls[0], "degraded: no space left for the database");
    EXPECT_EQ(calls[1], "healthy");
    EXPECT_GT(journal->counters().failures, 0U);
    vfs_.cut_power();
    journal.reset();
    vfs_.restore_power();
    fill(batch, 1, 500'000);
    fill(batch, 2, 10);
    expect(batch);
    open();
}

/// A disk that takes its time gathers batches instead of delaying each.
TEST(SlowDisk, BatchesGatherWhileASyncRuns) {
    testing::Gate gate;
    testing::TempDirectory directory;
    test::FaultVfs vfs({.name = "slow-disk", .on_sync = [&gate] { gate.pass(); }});
    auto store = open_message_store({.path = directory.file("messages.db"), .vfs = "slow-disk"});
    ASSERT_TRUE(store);
    ASSERT_EQ(to_text(**store), "");
    const Log log;
    testing::CommitRecorder recorder;
    const auto journal = make_writer_journal(std::move(*store), 1, recorder, log);
    const auto submit = [&](std::uint64_t id) {
        WriteBatch batch;
        batch.put_session({.id = SessionId(id), .client_id = "c"});
        EXPECT_EQ(journal->submit(ShardId(0), batch), CommitTicket(id));
    };
    const std::uint64_t syncs_before = vfs.counters().syncs;
    gate.close();
    submit(1);
    gate.wait_for_arrival();
    for (std::uint64_t id = 2; id <= 500; ++id) {
        submit(id);
    }
    gate.open();
    recorder.wait_for(ShardId(0), CommitTicket(500));
    EXPECT_EQ(journal->counters().commits, 2U);
    // One for each commit, and one that the first of a new log takes for its head.
    EXPECT_LE(vfs.counters().syncs - syncs_before, 3U);
}

}  // namespace
}  // namespace kith::storage

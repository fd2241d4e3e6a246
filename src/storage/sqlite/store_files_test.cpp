// Copies of a store that goes on working: they are whole or refused, and harm nobody.
#include "storage/sqlite/store_files.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "storage/memory/memory_stores.h"
#include "storage/sqlite/detail/database.h"
#include "storage/testing/record_text.h"
#include "storage/testing/temp_directory.h"
#include "storage/testing/workload.h"
#include "tests/support/vfs/fault_vfs.h"

namespace kith::storage {
namespace {

using testing::to_text;

constexpr std::uint64_t kNever = 1'000'000'000;
constexpr std::size_t kSmallStep = 4096;

class StoreCopyTest : public ::testing::Test {
  protected:
    void SetUp() override {
        auto opened = open_message_store(
            {.path = directory_.file("messages.db"), .vfs = "copy-fault", .log_pages_max = 20});
        ASSERT_TRUE(opened) << opened.error().text;
        store_ = std::move(*opened);
        ASSERT_EQ(to_text(*store_), to_text(*oracle_));
        work(300);
    }
    /// Commits random changes to the store and to the oracle, with the checkpoints of real life.
    void work(std::size_t change_count_max) {
        WriteBatch batch;
        workload_.fill(batch, change_count_max);
        const WriteBatch* const group = &batch;
        ASSERT_TRUE(store_->commit({&group, 1}));
        ASSERT_TRUE(store_->tidy());
        ASSERT_TRUE(oracle_->commit({&group, 1}));
    }
    [[nodiscard]] Status finish_copy() {
        for (;;) {
            TRY_ASSIGN(const CopyProgress progress, store_->step_copy(kSmallStep));
            if (progress.is_done) {
                return {};
            }
        }
    }
    [[nodiscard]] std::string text_of_copy() const {
        const SqliteOptions file{.path = copy_path_, .vfs = "copy-fault"};
        const auto sealed = seal_store_file(StoreFile::Messages, file);
        if (!sealed) {
            return sealed.error().text;
        }
        const auto opened = open_message_store(file);
        return opened ? to_text(**opened) : opened.error().text;
    }

    testing::TempDirectory directory_;
    std::string copy_path_ = directory_.file("copy.db");
    test::FaultVfs vfs_{{.name = "copy-fault"}};
    testing::Workload workload_{3};
    std::unique_ptr<MessageStore> oracle_ = make_memory_message_store();
    std::unique_ptr<MessageStore> store_;
};

TEST_F(StoreCopyTest, ShowsTheMomentOfItsLastStep) {
    ASSERT_TRUE(store_->begin_copy(copy_path_));
    std::uint64_t step_count = 0;
    for (;;) {
        const auto progress = store_->step_copy(kSmallStep);
        ASSERT_TRUE(progress) << progress.error().text;
        ++step_count;
        EXPECT_LE(progress->bytes_done, progress->bytes_total);
        if (progress->is_done) {
            break;
        }
        if (step_count <= 20) {  // what comes faster than a page a step would never end
            work(20);
        }
    }
    EXPECT_GT(step_count, 5U);
    const std::string at_last_step = to_text(*oracle_);
    EXPECT_EQ(to_text(*store_), at_last_step);
    work(100);
    EXPECT_EQ(text_of_copy(), at_last_step);
    EXPECT_EQ(to_text(*store_), to_text(*oracle_));
}

TEST_F(StoreCopyTest, ThatIsBrokenOffLeavesTheStoreAlone) {
    ASSERT_TRUE(store_->begin_copy(copy_path_));
    ASSERT_TRUE(store_->step_copy(kSmallStep));
    store_->end_copy();
    const auto progress = store_->step_copy(kSmallStep);
    ASSERT_FALSE(progress);
    EXPECT_EQ(progress.error().kind, ErrorKind::Closed);
    work(50);
    EXPECT_EQ(to_text(*store_), to_text(*oracle_));
}

TEST_F(StoreCopyTest, EndsWithTheStore) {
    ASSERT_TRUE(store_->begin_copy(copy_path_));
    ASSERT_TRUE(store_->step_copy(kSmallStep));
    store_.reset();
}

/// Each operation fails in turn, of the store or of the copy: the copy says so or is whole, and the
/// store is what it was.
TEST_F(StoreCopyTest, IsWholeOrAnErrorWhenTheDiskFails) {
    std::uint64_t failure_count = 0;
    for (std::uint64_t operation = 1; operation <= 80; ++operation) {
        // A new one each time: the disk of the test knows nothing of a file removed behind its
        // back.
        copy_path_ = directory_.file("copy-" + std::to_string(operation));
        vfs_.fail_after(operation, 1);
        Status status = store_->begin_copy(copy_path_);
        if (status) {
            status = finish_copy();
        }
        store_->end_copy();
        vfs_.fail_after(kNever, 0);
        if (status) {
            ASSERT_EQ(text_of_copy(), to_text(*oracle_)) << "operation " << operation;
        } else {
            ++failure_count;
            EXPECT_EQ(status.error().kind, ErrorKind::Io) << status.error().text;
        }
        work(10);
        ASSERT_EQ(to_text(*store_), to_text(*oracle_)) << "operation " << operation;
    }
    EXPECT_GT(failure_count, 10U);
}

/// What is committed between two steps goes into the copy as well; if that fails, the copy fails
/// and not the commit.
TEST_F(StoreCopyTest, ThatCannotBeWrittenDoesNotFailACommit) {
    ASSERT_TRUE(store_->begin_copy(copy_path_));
    ASSERT_TRUE(store_->step_copy(kSmallStep));
    vfs_.fail_changes_of("copy.db");
    work(300);
    const Status status = finish_copy();
    vfs_.fail_changes_of("");
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::Io);
    EXPECT_EQ(to_text(*store_), to_text(*oracle_));
}

TEST_F(StoreCopyTest, SaysThatThereIsNoSpace) {
    vfs_.set_space_bytes(std::filesystem::file_size(directory_.file("messages.db")) + 8192);
    Status status = store_->begin_copy(copy_path_);
    if (status) {
        status = finish_copy();
    }
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ENOSPC);
    vfs_.set_space_bytes(std::nullopt);
    work(50);
    EXPECT_EQ(to_text(*store_), to_text(*oracle_));
}

class StoreFilesTest : public ::testing::Test {
  protected:
    void make_control() const {
        const auto store = open_control_store({.path = path_});
        ASSERT_TRUE(store);
        ASSERT_TRUE((*store)->set_setting("key", "value"));
    }
    void execute(const char* sql) const {
        auto database = detail::Database::open({.path = path_});
        ASSERT_TRUE(database);
        ASSERT_TRUE(database->execute(sql));
    }
    testing::TempDirectory directory_;
    std::string path_ = directory_.file("control.db");
    std::string copy_ = directory_.file("copy");
};

TEST_F(StoreFilesTest, ASharedFileIsCopiedWhileOthersHaveItOpen) {
    const auto store = open_control_store({.path = path_});
    ASSERT_TRUE(store);
    ASSERT_TRUE((*store)->set_setting("key", "value"));
    int step_count = 0;
    const Status copied = copy_store_file(StoreFile::Control, {.path = path_}, copy_,
                                          [&](const CopyProgress&) { ++step_count; });
    ASSERT_TRUE(copied) << copied.error().text;
    EXPECT_EQ(step_count, 1);
    const auto facts = seal_store_file(StoreFile::Control, {.path = copy_});
    ASSERT_TRUE(facts) << facts.error().text;
    EXPECT_EQ(facts->schema_version, facts->schema_version_newest);
    EXPECT_FALSE(std::filesystem::exists(copy_ + "-wal"));
    const auto again = open_control_store({.path = copy_});
    ASSERT_TRUE(again);
    EXPECT_EQ((*again)->setting("key").value(), "value");
}

TEST_F(StoreFilesTest, MessagesInUseAreNotCopiedBehindTheNodesBack) {
    const auto store = open_message_store({.path = path_});
    ASSERT_TRUE(store);
    const Status copied = copy_store_file(StoreFile::Messages, {.path = path_, .wait_ms_max = 0},
                                          copy_, [](const auto&) {});
    ASSERT_FALSE(copied);
    EXPECT_EQ(copied.error().kind, ErrorKind::Unavailable);
}

TEST_F(StoreFilesTest, AFileOfAnotherKindIsRefused) {
    make_control();
    const auto facts = inspect_store_file(StoreFile::Messages, {.path = path_});
    ASSERT_FALSE(facts);
    EXPECT_EQ(facts.error().kind, ErrorKind::Corrupt);
}

TEST_F(StoreFilesTest, ANewerFileIsRefused) {
    make_control();
    execute("PRAGMA user_version = 1000");
    const auto facts = inspect_store_file(StoreFile::Control, {.path = path_});
    ASSERT_FALSE(facts);
    EXPECT_EQ(facts.error().kind, ErrorKind::Unsupported);
}

TEST_F(StoreFilesTest, ADamagedFileIsNotSealed) {
    make_control();
    execute("PRAGMA journal_mode = DELETE");
    {
        std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(4096);  // the second page
        file << std::string(4096, '\x55');
    }
    const auto facts = seal_store_file(StoreFile::Control, {.path = path_});
    ASSERT_FALSE(facts);
    EXPECT_EQ(facts.error().kind, ErrorKind::Corrupt);
}

}  // namespace
}  // namespace kith::storage

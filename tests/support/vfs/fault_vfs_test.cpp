#include "tests/support/vfs/fault_vfs.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdlib>
#include <filesystem>

namespace kith::test {
namespace {

class FaultVfsTest : public ::testing::Test {
  protected:
    FaultVfsTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "kith-XXXXXX").string();
        directory_ = ::mkdtemp(pattern.data());
    }
    void TearDown() override {
        close();
        std::filesystem::remove_all(directory_);
    }

    void open(const char* vfs = "kith-fault") {
        const std::string path = directory_ + "/test.db";
        ASSERT_EQ(sqlite3_open_v2(path.c_str(), &database_,
                                  SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs),
                  SQLITE_OK);
    }
    void close() {
        sqlite3_close(database_);
        database_ = nullptr;
    }
    int run(const char* sql) { return sqlite3_exec(database_, sql, nullptr, nullptr, nullptr); }
    /// The first column of the first row as text, or "(error)".
    std::string ask(const char* sql) {
        std::string answer = "(error)";
        const auto on_row = [](void* into, int, char** columns, char**) {
            *static_cast<std::string*>(into) = columns[0] == nullptr ? "" : columns[0];
            return 0;
        };
        sqlite3_exec(database_, sql, on_row, &answer, nullptr);
        return answer;
    }
    /// EXTRA, since FULL does not sync the removal of the journal, which ends a transaction.
    void create_table() {
        ASSERT_EQ(run("PRAGMA synchronous = EXTRA; CREATE TABLE t(x); INSERT INTO t VALUES(1)"),
                  SQLITE_OK);
    }

    std::string directory_;
    sqlite3* database_ = nullptr;
};

TEST_F(FaultVfsTest, KeepsCommittedRowsAndLosesOthersInACut) {
    FaultVfs vfs({});
    open();
    create_table();
    ASSERT_EQ(run("BEGIN; INSERT INTO t VALUES(2)"), SQLITE_OK);
    vfs.cut_power();
    EXPECT_TRUE(vfs.is_cut());
    EXPECT_EQ(run("COMMIT") & 0xFF, SQLITE_IOERR);
    close();
    vfs.restore_power();
    open();
    EXPECT_EQ(ask("SELECT group_concat(x) FROM t"), "1");
    EXPECT_EQ(ask("PRAGMA integrity_check"), "ok");
    close();
}

TEST_F(FaultVfsTest, ARemovedJournalComesBackIfItsDirectoryWasNotSynced) {
    FaultVfs vfs({});
    open();
    create_table();
    ASSERT_EQ(run("PRAGMA synchronous = FULL; INSERT INTO t VALUES(2)"), SQLITE_OK);
    vfs.cut_power();
    close();
    vfs.restore_power();
    open();
    EXPECT_EQ(ask("SELECT group_concat(x) FROM t"), "1");
    close();
}

TEST_F(FaultVfsTest, LosesWhatWasNeverSynced) {
    FaultVfs vfs({});
    open();
    create_table();
    ASSERT_EQ(run("PRAGMA synchronous = OFF; INSERT INTO t VALUES(2)"), SQLITE_OK);
    EXPECT_EQ(ask("SELECT group_concat(x) FROM t"), "1,2");
    vfs.cut_power();
    close();
    vfs.restore_power();
    open();
    EXPECT_EQ(ask("SELECT group_concat(x) FROM t"), "1");
    close();
}

TEST_F(FaultVfsTest, CutsAtTheChangeThatWasAsked) {
    FaultVfs vfs({.cut_at = 3});
    open();
    EXPECT_NE(run("CREATE TABLE t(x)"), SQLITE_OK);
    EXPECT_TRUE(vfs.is_cut());
    EXPECT_EQ(vfs.counters().changes, 3U);
    close();
    vfs.restore_power();
    open();
    create_table();
    vfs.cut_after(1);
    EXPECT_NE(run("INSERT INTO t VALUES(2)"), SQLITE_OK);
    EXPECT_TRUE(vfs.is_cut());
    close();
}

TEST_F(FaultVfsTest, FailsAsManyOperationsAsAsked) {
    FaultVfs vfs({});
    open();
    create_table();
    vfs.fail_after(1, 1);
    EXPECT_EQ(run("INSERT INTO t VALUES(2)") & 0xFF, SQLITE_IOERR);
    EXPECT_EQ(vfs.counters().failed, 1U);
    EXPECT_EQ(run("INSERT INTO t VALUES(3)"), SQLITE_OK);
    EXPECT_EQ(ask("SELECT group_concat(x) FROM t"), "1,3");
    close();
}

TEST_F(FaultVfsTest, FailsChangesOfTheNamedFile) {
    FaultVfs vfs({});
    open();
    create_table();
    vfs.fail_changes_of("-journal");
    EXPECT_NE(run("INSERT INTO t VALUES(2)"), SQLITE_OK);
    EXPECT_EQ(ask("SELECT group_concat(x) FROM t"), "1");
    vfs.fail_changes_of("");
    EXPECT_EQ(run("INSERT INTO t VALUES(2)"), SQLITE_OK);
    close();
}

TEST_F(FaultVfsTest, RunsFull) {
    FaultVfs vfs({});
    open();
    create_table();
    vfs.set_space_bytes(8192);
    EXPECT_EQ(run("INSERT INTO t VALUES(zeroblob(100000))") & 0xFF, SQLITE_FULL);
    vfs.set_space_bytes(std::nullopt);
    EXPECT_EQ(run("INSERT INTO t VALUES(zeroblob(100000))"), SQLITE_OK);
    close();
}

TEST_F(FaultVfsTest, TellsOfEachSync) {
    std::uint64_t told_count = 0;
    FaultVfs vfs({.on_sync = [&told_count] { ++told_count; }});
    open();
    create_table();
    EXPECT_GT(told_count, 0U);
    EXPECT_EQ(vfs.counters().syncs, told_count);
    close();
}

TEST_F(FaultVfsTest, ConnectionsOfOneProcessShareTheLog) {
    FaultVfs vfs({});
    open();
    ASSERT_EQ(ask("PRAGMA journal_mode = WAL"), "wal");
    create_table();
    sqlite3* const first = database_;
    open();
    EXPECT_EQ(ask("SELECT group_concat(x) FROM t"), "1");
    ASSERT_EQ(run("BEGIN IMMEDIATE; INSERT INTO t VALUES(2)"), SQLITE_OK);
    sqlite3* const second = database_;
    database_ = first;
    EXPECT_EQ(run("INSERT INTO t VALUES(3)"), SQLITE_BUSY);
    EXPECT_EQ(ask("SELECT group_concat(x) FROM t"), "1");
    database_ = second;
    ASSERT_EQ(run("COMMIT"), SQLITE_OK);
    database_ = first;
    EXPECT_EQ(ask("SELECT group_concat(x) FROM t"), "1,2");
    sqlite3_close(second);
    close();
}

TEST_F(FaultVfsTest, ExclusiveLocksKeepOthersOut) {
    FaultVfs vfs({});
    open();
    ASSERT_EQ(ask("PRAGMA locking_mode = EXCLUSIVE"), "exclusive");
    create_table();
    sqlite3* const first = database_;
    open();
    EXPECT_EQ(run("SELECT * FROM t"), SQLITE_BUSY);
    sqlite3_close(first);
    EXPECT_EQ(ask("SELECT x FROM t"), "1");
    close();
}

TEST_F(FaultVfsTest, RepeatsItselfWithTheSameSeed) {
    std::string contents[2];
    for (std::string& content : contents) {
        FaultVfs vfs({.seed = 9, .leak_chance = 0.3});
        open();
        ASSERT_EQ(ask("PRAGMA journal_mode = WAL"), "wal");
        create_table();
        ASSERT_EQ(run("INSERT INTO t VALUES(randomblob(20000))"), SQLITE_OK);
        content = ask("SELECT hex(group_concat(x)) FROM t");
        content += std::to_string(vfs.counters().operations);
        close();
        std::filesystem::remove_all(directory_);
        std::filesystem::create_directory(directory_);
    }
    EXPECT_TRUE(contents[0] == contents[1]);
    EXPECT_GT(contents[0].size(), 40'000U);
}

TEST(FaultVfsOptions, ReadsEveryKey) {
    const auto options =
        parse_fault_vfs_options("seed=7,leak=0.25,cut=200,fail=30,fails=2,space=1000,sync_us=0");
    ASSERT_TRUE(options);
    EXPECT_EQ(options->seed, 7U);
    EXPECT_EQ(options->leak_chance, 0.25);
    EXPECT_EQ(options->cut_at, 200U);
    EXPECT_EQ(options->fail_at, 30U);
    EXPECT_EQ(options->fail_count, 2U);
    EXPECT_EQ(options->space_bytes, 1000U);
    ASSERT_TRUE(options->on_sync);
    options->on_sync();
    EXPECT_EQ(parse_fault_vfs_options("")->seed, 1U);
}

TEST(FaultVfsOptions, RefusesWhatItDoesNotKnow) {
    for (const char* text : {"seed", "seed=", "seed=x", "seed=1x", "seed=-1", "leak=1.1",
                             "leak=-0.1", "leak=nan", "what=1", "seed=1,,cut=2", "=1"}) {
        const auto options = parse_fault_vfs_options(text);
        ASSERT_FALSE(options) << text;
        EXPECT_EQ(options.error().kind, ErrorKind::Invalid);
    }
}

}  // namespace
}  // namespace kith::test

#include "storage/sqlite/detail/database.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "storage/testing/temp_directory.h"

namespace kith::storage::detail {
namespace {

class DatabaseTest : public ::testing::Test {
  protected:
    Statement prepare(const char* sql) { return std::move(*Statement::prepare(database_, sql)); }

    testing::TempDirectory directory_;
    std::string path_ = directory_.file("test.db");
    Database database_ = *Database::open({.path = path_});
};

TEST_F(DatabaseTest, BindsAndReadsEveryType) {
    ASSERT_TRUE(database_.execute("CREATE TABLE t(i INTEGER, t TEXT, b BLOB) STRICT"));
    const std::vector<std::uint8_t> bytes{0, 1};
    Statement insert = prepare("INSERT INTO t VALUES(?1, ?2, ?3)");
    ASSERT_TRUE(insert.bind(1, INT64_MIN).bind(2, "x\xC3\xA4").bind(3, Bytes(bytes)).run());
    EXPECT_EQ(insert.changed_count(), 1);
    // Empty text and bytes, even without memory, are not NULL.
    ASSERT_TRUE(insert.bind(1, 0).bind(2, std::string_view()).bind(3, Bytes()).run());
    Statement select = prepare("SELECT * FROM t ORDER BY i");
    ASSERT_EQ(select.step(), true);
    EXPECT_EQ(select.integer(0), INT64_MIN);
    EXPECT_EQ(select.text(1), "x\xC3\xA4");
    EXPECT_TRUE(std::ranges::equal(select.bytes(2), bytes));
    ASSERT_EQ(select.step(), true);
    EXPECT_EQ(select.text(1), "");
    EXPECT_TRUE(select.bytes(2).empty());
    EXPECT_EQ(select.step(), false);
    EXPECT_EQ(database_.query_integer("SELECT count(*) FROM t WHERE t = '' AND b = x''"), 1);
}

TEST_F(DatabaseTest, AsksForOneValue) {
    EXPECT_EQ(database_.query_integer("SELECT 5"), 5);
    const auto none = database_.query_integer("SELECT 5 WHERE 0");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind, ErrorKind::NotFound);
    EXPECT_EQ(database_.query_is("SELECT 'wal'", "wal"), true);
    EXPECT_EQ(database_.query_is("SELECT 'delete'", "wal"), false);
    EXPECT_FALSE(database_.query_integer("SELECT nonsense"));
    EXPECT_FALSE(database_.query_is("SELECT nonsense", ""));
}

TEST_F(DatabaseTest, RollsBackWhatIsNotCommitted) {
    ASSERT_TRUE(database_.execute("CREATE TABLE t(x)"));
    {
        auto transaction = Transaction::begin(database_);
        ASSERT_TRUE(transaction);
        EXPECT_TRUE(database_.in_transaction());
        ASSERT_TRUE(database_.execute("INSERT INTO t VALUES(1)"));
    }
    EXPECT_FALSE(database_.in_transaction());
    EXPECT_EQ(database_.query_integer("SELECT count(*) FROM t"), 0);
    auto transaction = Transaction::begin(database_);
    ASSERT_TRUE(database_.execute("INSERT INTO t VALUES(1)"));
    ASSERT_TRUE(transaction->commit());
    EXPECT_EQ(database_.query_integer("SELECT count(*) FROM t"), 1);
}

TEST_F(DatabaseTest, AStatementCanRunAgainAfterAnError) {
    ASSERT_TRUE(database_.execute("CREATE TABLE t(x PRIMARY KEY)"));
    Statement insert = prepare("INSERT INTO t VALUES(?1)");
    ASSERT_TRUE(insert.bind(1, 1).run());
    const Status twice = insert.run();
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().kind, ErrorKind::Conflict);
    EXPECT_TRUE(insert.bind(1, 2).run());
}

TEST_F(DatabaseTest, SaysWhoHoldsTheFile) {
    Database other = *Database::open({.path = path_});
    ASSERT_TRUE(other.execute("BEGIN IMMEDIATE"));
    const Status status = database_.execute("BEGIN IMMEDIATE");
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::Unavailable);
}

TEST_F(DatabaseTest, FilesAreForTheirOwnerAlone) {
    const auto mode_of = [](const std::string& path) {
        struct stat status {};
        EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
        return status.st_mode & 0777;
    };
    ASSERT_TRUE(database_.query_is("PRAGMA journal_mode = WAL", "wal"));
    ASSERT_TRUE(database_.execute("CREATE TABLE t(x)"));
    EXPECT_EQ(mode_of(path_), 0600U);
    EXPECT_EQ(mode_of(path_ + "-wal"), 0600U);
    EXPECT_EQ(mode_of(path_ + "-shm"), 0600U);
    // An older file that others may read becomes private.
    ASSERT_EQ(::chmod(path_.c_str(), 0644), 0);
    const auto again = Database::open({.path = path_});
    ASSERT_TRUE(again);
    EXPECT_EQ(mode_of(path_), 0600U);
}

TEST_F(DatabaseTest, RefusesWhatItCannotOpen) {
    const auto missing = Database::open({.path = directory_.file("no/such/file")});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, ErrorKind::Io);
    EXPECT_EQ(missing.error().code, ENOENT);
    const auto directory = Database::open({.path = directory_.path()});
    ASSERT_FALSE(directory);
    EXPECT_EQ(directory.error().kind, ErrorKind::Io);
    const auto vfs = Database::open({.path = path_, .vfs = "no such vfs"});
    ASSERT_FALSE(vfs);
    EXPECT_EQ(vfs.error().kind, ErrorKind::Io);
}

}  // namespace
}  // namespace kith::storage::detail

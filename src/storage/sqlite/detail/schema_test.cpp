#include "storage/sqlite/detail/schema.h"

#include <gtest/gtest.h>

#include "storage/testing/temp_directory.h"

namespace kith::storage::detail {
namespace {

constexpr std::int32_t kApplication = 1234;

class SchemaTest : public ::testing::Test {
  protected:
    static Schema schema(std::span<const SchemaStep> steps) {
        return {.application_id = kApplication, .steps = steps};
    }
    std::int64_t ask(const char* sql) {
        const auto answer = database_.query_integer(sql);
        return answer ? *answer : -1;
    }

    static constexpr SchemaStep kFirst = "CREATE TABLE a(x); INSERT INTO a VALUES(7)";
    static constexpr SchemaStep kSecond = "ALTER TABLE a ADD COLUMN y DEFAULT 8";
    static constexpr SchemaStep kBroken = "CREATE TABLE b(x); INSERT INTO nowhere VALUES(1)";

    testing::TempDirectory directory_;
    Database database_ = *Database::open({.path = directory_.file("test.db")});
};

TEST_F(SchemaTest, TakesAnEmptyFileThroughEveryStep) {
    constexpr SchemaStep kSteps[] = {kFirst, kSecond};
    ASSERT_TRUE(migrate(database_, schema(kSteps)));
    EXPECT_EQ(ask("SELECT x + y FROM a"), 15);
    EXPECT_EQ(ask("PRAGMA application_id"), kApplication);
    EXPECT_EQ(ask("PRAGMA user_version"), 2);
}

TEST_F(SchemaTest, TakesAnOlderFileThroughTheMissingSteps) {
    constexpr SchemaStep kSteps[] = {kFirst, kSecond};
    ASSERT_TRUE(migrate(database_, schema({kSteps, 1})));
    EXPECT_EQ(ask("PRAGMA user_version"), 1);
    ASSERT_TRUE(migrate(database_, schema(kSteps)));
    EXPECT_EQ(ask("SELECT x + y FROM a"), 15);
    ASSERT_TRUE(migrate(database_, schema(kSteps)));
    EXPECT_EQ(ask("SELECT count(*) FROM a"), 1);
}

TEST_F(SchemaTest, AFailedStepLeavesTheFileAsItWas) {
    constexpr SchemaStep kSteps[] = {kFirst, kSecond, kBroken};
    ASSERT_TRUE(migrate(database_, schema({kSteps, 1})));
    EXPECT_FALSE(migrate(database_, schema(kSteps)));
    EXPECT_EQ(ask("PRAGMA user_version"), 1);
    EXPECT_EQ(ask("SELECT count(*) FROM pragma_table_info('a')"), 1);
    EXPECT_EQ(ask("SELECT count(*) FROM sqlite_schema"), 1);
}

TEST_F(SchemaTest, RefusesAFileOfANewerVersion) {
    constexpr SchemaStep kSteps[] = {kFirst, kSecond};
    ASSERT_TRUE(migrate(database_, schema(kSteps)));
    const Status status = migrate(database_, schema({kSteps, 1}));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::Unsupported);
}

TEST_F(SchemaTest, RefusesAFileOfAnotherApplication) {
    constexpr SchemaStep kSteps[] = {kFirst};
    ASSERT_TRUE(database_.execute("PRAGMA application_id = 99"));
    const Status other = migrate(database_, schema(kSteps));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().kind, ErrorKind::Corrupt);
    // One without a name but with tables is somebody's too.
    ASSERT_TRUE(database_.execute("PRAGMA application_id = 0; CREATE TABLE theirs(x)"));
    const Status unnamed = migrate(database_, schema(kSteps));
    ASSERT_FALSE(unnamed);
    EXPECT_EQ(unnamed.error().kind, ErrorKind::Corrupt);
    EXPECT_EQ(ask("SELECT count(*) FROM sqlite_schema"), 1);
}

}  // namespace
}  // namespace kith::storage::detail

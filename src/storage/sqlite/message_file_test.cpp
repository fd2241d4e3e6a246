// messages.db as a file: who may open it, what a new start makes of it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "storage/sqlite/detail/database.h"
#include "storage/sqlite/sqlite_stores.h"
#include "storage/testing/record_text.h"
#include "storage/testing/temp_directory.h"
#include "storage/testing/workload.h"

namespace kith::storage {
namespace {

using testing::to_text;

class MessageFileTest : public ::testing::Test {
  protected:
    [[nodiscard]] Result<std::unique_ptr<MessageStore>> open() const {
        return open_message_store({.path = path_, .log_pages_max = 50, .unsafe_no_sync = true});
    }
    /// A store with session 1, messages 1 and 2 for it, and a retained message.
    void fill() {
        const auto store = open();
        ASSERT_EQ(to_text(**store), "");
        WriteBatch batch;
        batch.put_session({.id = SessionId(1), .client_id = "c"});
        for (const std::uint64_t id : {1U, 2U}) {
            batch.put_message({.id = MessageId(id), .topic = "t", .payload = as_bytes("x")});
            batch.put_delivery({.session = SessionId(1), .sequence = id, .message = MessageId(id)});
        }
        batch.put_retained({.topic = "r", .payload = as_bytes("x")});
        commit(**store, batch);
    }
    static void commit(MessageStore& store, const WriteBatch& batch) {
        const WriteBatch* const group = &batch;
        ASSERT_TRUE(store.commit({&group, 1}));
    }
    /// Changes the closed file as only a bug or a person would.
    void tamper(const char* sql) const {
        auto database = detail::Database::open({.path = path_});
        ASSERT_TRUE(database);
        const Status status = database->execute(sql);
        ASSERT_TRUE(status) << status.error().text;
    }

    testing::TempDirectory directory_;
    std::string path_ = directory_.file("messages.db");
};

TEST_F(MessageFileTest, ShowsTheSameAfterReopening) {
    fill();
    const std::string content = to_text(**open());
    EXPECT_NE(content.find("message 2 "), std::string::npos);
    EXPECT_EQ(to_text(**open()), content);
}

TEST_F(MessageFileTest, IdsGoOnBehindThoseThatWereUsed) {
    {
        const auto store = open();
        ASSERT_EQ(to_text(**store), "");
        for (const std::uint64_t id : {5U, 3'000'000U, 3'000'001U}) {
            WriteBatch batch;
            batch.put_message({.id = MessageId(id), .topic = "t"});
            batch.put_session({.id = SessionId(id)});
            batch.delete_session(SessionId(id));
            commit(**store, batch);
            EXPECT_EQ((*store)->last_message_id(), MessageId(id));
        }
    }
    const auto store = open();
    ASSERT_EQ(to_text(**store), "");
    EXPECT_GE((*store)->last_message_id(), MessageId(3'000'001));
    EXPECT_GE((*store)->last_session_id(), SessionId(3'000'001));
}

TEST_F(MessageFileTest, OnlyOneStoreMayHaveItOpen) {
    auto first = open();
    ASSERT_TRUE(first);
    const auto second = open();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::Conflict);
    first = fail(ErrorKind::Closed, "");
    EXPECT_TRUE(open());
}

TEST_F(MessageFileTest, RefusesForeignAndBrokenFiles) {
    std::ofstream(path_) << "this is no database, however long it may be" << std::string(5000, '.');
    const auto foreign = open();
    ASSERT_FALSE(foreign);
    EXPECT_EQ(foreign.error().kind, ErrorKind::Corrupt);
    std::filesystem::remove(path_);

    ASSERT_TRUE(open_control_store({.path = path_}));
    const auto control = open();
    ASSERT_FALSE(control);
    EXPECT_EQ(control.error().kind, ErrorKind::Corrupt);
    std::filesystem::remove(path_);

    fill();
    tamper("PRAGMA user_version = 99");
    const auto newer = open();
    ASSERT_FALSE(newer);
    EXPECT_EQ(newer.error().kind, ErrorKind::Unsupported);
}

/// Each is a value that no record can hold, in a row that is otherwise fine.
TEST_F(MessageFileTest, ImpossibleValuesAreCorrupt) {
    for (const char* sql : {
             "UPDATE sessions SET tenant = -1",
             "UPDATE sessions SET protocol_version = 256",
             "UPDATE sessions SET session_expiry_interval_s = 4294967296",
             "INSERT INTO subscriptions VALUES(1, 'f', 256, 0)",
             "UPDATE messages SET qos = 3",
             "UPDATE messages SET tenant = 4294967296",
             "UPDATE deliveries SET qos = 3",
             "UPDATE deliveries SET state = 3",
             "UPDATE deliveries SET retain = 2",
             "UPDATE deliveries SET sequence = -1 WHERE message = 1",
             "UPDATE deliveries SET bytes = 4294967296",
             "UPDATE deliveries SET message = -message",
             "INSERT INTO inbound VALUES(1, -1)",
             "UPDATE retained SET qos = -1",
             "UPDATE id_marks SET value = -5",
             "INSERT INTO marks VALUES(x'', x'')",
             "INSERT INTO marks VALUES(zeroblob(65), x'')",
             "INSERT INTO marks VALUES(x'01', zeroblob(65537))",
         }) {
        std::filesystem::remove(path_);
        fill();
        tamper(sql);
        const auto store = open();
        ASSERT_TRUE(store) << sql;
        EXPECT_NE(to_text(**store).find("failed: a stored "), std::string::npos) << sql;
    }
}

TEST_F(MessageFileTest, MessagesAndDeliveriesWithoutOneAnotherAreDropped) {
    fill();
    tamper(
        "DELETE FROM messages WHERE id = 1; DELETE FROM deliveries WHERE message = 2;"
        "INSERT INTO deliveries VALUES(1, 9, 9, 0, 0, 0, 1, 0, x''),"
        "(1, 8, 8, 2, 0, 0, 1, 0, x'')");
    const std::string rest =
        "session 1 tenant=0 client=c principal= expiry=0 version=0 at=0 0:\n"
        "queue 1 from 0 last=8 messages=0 bytes=0 expires=0\n"
        "delivery 1 at 8 of 8 qos=0 retain=false state=2 bytes=1 expires=0 0:\n"
        "retained tenant=0 r payload=1:78 properties=0: qos=0 at=0 expires=0\n";
    EXPECT_EQ(to_text(**open()), rest);
    auto database = detail::Database::open({.path = path_});
    EXPECT_EQ(database->query_integer("SELECT count(*) FROM messages"), 0);
    EXPECT_EQ(database->query_integer("SELECT count(*) FROM deliveries"), 1);
}

/// Recovery would mend what a commit leaves behind, so this looks at the rows themselves.
TEST_F(MessageFileTest, CommitsLeaveNoMessageAndNoDeliveryBehind) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        std::filesystem::remove(path_);
        {
            const auto store = open();
            ASSERT_EQ(to_text(**store), "");
            testing::Workload workload(seed);
            for (int i = 0; i < 20; ++i) {
                WriteBatch batch;
                workload.fill(batch, 40);
                commit(**store, batch);
            }
        }
        auto database = detail::Database::open({.path = path_});
        EXPECT_GT(*database->query_integer("SELECT count(*) FROM messages"), 0);
        EXPECT_EQ(database->query_integer("SELECT count(*) FROM messages WHERE id NOT IN"
                                          " (SELECT message FROM deliveries WHERE state <> 2)"),
                  0)
            << "seed " << seed;
        EXPECT_EQ(database->query_integer("SELECT count(*) FROM deliveries WHERE state <> 2"
                                          " AND message NOT IN (SELECT id FROM messages)"),
                  0)
            << "seed " << seed;
    }
}

TEST_F(MessageFileTest, TidyKeepsTheLogSmall) {
    const auto store = open();
    ASSERT_EQ(to_text(**store), "");
    const std::vector<std::uint8_t> payload(20'000);
    for (std::uint64_t id = 1; id <= 100; ++id) {
        WriteBatch batch;
        batch.put_session({.id = SessionId(1)});
        batch.put_message({.id = MessageId(id), .topic = "t", .payload = payload});
        batch.put_delivery({.session = SessionId(1), .sequence = id, .message = MessageId(id)});
        commit(**store, batch);
        ASSERT_TRUE((*store)->tidy());
        // 50 pages, and those of the commit that went beyond.
        EXPECT_LT(std::filesystem::file_size(path_ + "-wal"), 70U * 4200U);
    }
}

TEST_F(MessageFileTest, AMessageThatComesAndGoesInOneGroupWritesNothing) {
    const auto store = open();
    ASSERT_EQ(to_text(**store), "");
    WriteBatch batch;
    batch.put_message({.id = MessageId(1), .topic = "t"});
    commit(**store, batch);  // writes the id mark
    const auto size_before = std::filesystem::file_size(path_ + "-wal");
    for (std::uint64_t id = 2; id <= 100; ++id) {
        batch.clear();
        batch.put_message({.id = MessageId(id), .topic = "t", .payload = as_bytes("x")});
        batch.put_delivery({.session = SessionId(1), .sequence = id, .message = MessageId(id)});
        batch.delete_delivery({SessionId(1), id, MessageId(id)});
        commit(**store, batch);
    }
    EXPECT_EQ(std::filesystem::file_size(path_ + "-wal"), size_before);
}

}  // namespace
}  // namespace kith::storage

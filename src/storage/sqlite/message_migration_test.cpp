// messages.db of every version that was released, taken to the newest.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "storage/sqlite/detail/database.h"
#include "storage/sqlite/sqlite_stores.h"
#include "storage/testing/record_text.h"
#include "storage/testing/temp_directory.h"

namespace kith::storage {
namespace {

using testing::to_text;

/// As version 1 made it.
constexpr const char* kSchema1 = R"sql(
CREATE TABLE marks(
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE sessions(
    id                        INTEGER PRIMARY KEY,
    tenant                    INTEGER NOT NULL,
    client_id                 TEXT NOT NULL,
    principal                 TEXT NOT NULL,
    session_expiry_interval_s INTEGER NOT NULL,
    protocol_version          INTEGER NOT NULL,
    disconnected_at_ms        INTEGER NOT NULL,
    will                      BLOB NOT NULL
) STRICT;
CREATE TABLE subscriptions(
    session                 INTEGER NOT NULL,
    filter                  TEXT NOT NULL,
    options                 INTEGER NOT NULL,
    subscription_identifier INTEGER NOT NULL,
    PRIMARY KEY(session, filter)
) STRICT, WITHOUT ROWID;
CREATE TABLE messages(
    id              INTEGER PRIMARY KEY,
    tenant          INTEGER NOT NULL,
    qos             INTEGER NOT NULL,
    published_at_ms INTEGER NOT NULL,
    expires_at_ms   INTEGER NOT NULL,
    topic           TEXT NOT NULL,
    properties      BLOB NOT NULL,
    payload         BLOB NOT NULL
) STRICT;
CREATE TABLE deliveries(
    session                  INTEGER NOT NULL,
    message                  INTEGER NOT NULL,
    state                    INTEGER NOT NULL,
    packet_id                INTEGER NOT NULL,
    qos                      INTEGER NOT NULL,
    retain                   INTEGER NOT NULL,
    subscription_identifiers BLOB NOT NULL,
    PRIMARY KEY(session, message)
) STRICT, WITHOUT ROWID;
CREATE TABLE inbound(
    session   INTEGER NOT NULL,
    packet_id INTEGER NOT NULL,
    PRIMARY KEY(session, packet_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE retained(
    tenant          INTEGER NOT NULL,
    topic           TEXT NOT NULL,
    qos             INTEGER NOT NULL,
    published_at_ms INTEGER NOT NULL,
    expires_at_ms   INTEGER NOT NULL,
    properties      BLOB NOT NULL,
    payload         BLOB NOT NULL,
    PRIMARY KEY(tenant, topic)
) STRICT, WITHOUT ROWID;
PRAGMA application_id = 1265202253;
PRAGMA user_version = 1;
)sql";

/// Session 1 has a queue whose packet ids go round: 65534 (released), 65535, 2 and 3. Session 2
/// shares a message with it.
constexpr const char* kContent1 = R"sql(
INSERT INTO marks VALUES('message', 70000), ('session', 70000);
INSERT INTO sessions VALUES(1, 0, 'press', 'anna', 3600, 5, 1000, x'0102');
INSERT INTO sessions VALUES(2, 0, 'lathe', '', 4294967295, 4, 0, x'');
INSERT INTO subscriptions VALUES(1, 'a/#', 2, 7);
INSERT INTO messages VALUES(10, 0, 2, 100, 9000, 'a/1', x'', x'41');
INSERT INTO messages VALUES(11, 0, 1, 101, 0, 'a/2', x'0101', x'4242');
INSERT INTO messages VALUES(12, 0, 1, 102, 0, 'a/ä', x'', x'');
INSERT INTO deliveries VALUES(1, 9, 2, 65534, 2, 0, x'');
INSERT INTO deliveries VALUES(1, 12, 0, 65535, 1, 0, x'');
INSERT INTO deliveries VALUES(1, 10, 1, 2, 2, 1, x'07');
INSERT INTO deliveries VALUES(1, 11, 0, 3, 1, 0, x'');
INSERT INTO deliveries VALUES(2, 11, 0, 1, 1, 0, x'');
INSERT INTO inbound VALUES(1, 77);
INSERT INTO retained VALUES(0, 'r', 1, 100, 0, x'', x'52');
)sql";

/// What version 2 had otherwise than version 1.
constexpr const char* kSchema2 = R"sql(
DROP TABLE deliveries;
CREATE TABLE deliveries(
    session                  INTEGER NOT NULL,
    sequence                 INTEGER NOT NULL,
    message                  INTEGER NOT NULL,
    state                    INTEGER NOT NULL,
    qos                      INTEGER NOT NULL,
    retain                   INTEGER NOT NULL,
    bytes                    INTEGER NOT NULL,
    expires_at_ms            INTEGER NOT NULL,
    subscription_identifiers BLOB NOT NULL,
    PRIMARY KEY(session, sequence)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 2;
)sql";

class MessageMigrationTest : public ::testing::Test {
  protected:
    void execute(const char* sql) {
        auto database = detail::Database::open({.path = path_});
        ASSERT_TRUE(database);
        const Status status = database->execute(sql);
        ASSERT_TRUE(status) << status.error().text;
    }
    [[nodiscard]] std::string content() {
        auto store = open_message_store({.path = path_});
        EXPECT_TRUE(store) << store.error().text;
        return store ? to_text(**store) : "";
    }
    [[nodiscard]] std::string file_bytes() const {
        std::ifstream file(path_, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    testing::TempDirectory directory_;
    std::string path_ = directory_.file("messages.db");
};

TEST_F(MessageMigrationTest, Version1KeepsSessionsQueuesAndTheirOrder) {
    execute(kSchema1);
    execute(kContent1);
    const std::string expected =
        "session 1 tenant=0 client=press principal=anna expiry=3600 version=5 at=1000 2:0102\n"
        "session 2 tenant=0 client=lathe principal= expiry=4294967295 version=4 at=0 0:\n"
        "subscription 1 a/# options=2 identifier=7\n"
        "queue 1 from 65534 last=65537 messages=3 bytes=303 expires=9000\n"
        "queue 2 from 0 last=0 messages=1 bytes=103 expires=0\n"
        "delivery 1 at 65533 of 9 qos=2 retain=false state=2 bytes=0 expires=0 0:\n"
        "inbound 1 77\n"
        "retained tenant=0 r payload=1:52 properties=0: qos=1 at=100 expires=0\n"
        "message 12 tenant=0 a/\xC3\xA4 payload=0: properties=0: qos=1 at=102 expires=0\n"
        "delivery 1 at 65534 of 12 qos=1 retain=false state=0 bytes=100 expires=0 0:\n"
        "message 10 tenant=0 a/1 payload=1:41 properties=0: qos=2 at=100 expires=9000\n"
        "delivery 1 at 65536 of 10 qos=2 retain=true state=1 bytes=100 expires=9000 1:07\n"
        "message 11 tenant=0 a/2 payload=2:4242 properties=2:0101 qos=1 at=101 expires=0\n"
        "delivery 1 at 65537 of 11 qos=1 retain=false state=0 bytes=103 expires=0 0:\n"
        "message 11 tenant=0 a/2 payload=2:4242 properties=2:0101 qos=1 at=101 expires=0\n"
        "delivery 2 at 0 of 11 qos=1 retain=false state=0 bytes=103 expires=0 0:\n"
        "messages 3\n";
    EXPECT_EQ(content(), expected);
    EXPECT_EQ(content(), expected);  // and again, without a step
    auto database = detail::Database::open({.path = path_});
    EXPECT_EQ(database->query_integer("PRAGMA user_version"), 3);
    // Packet ids are what they were: 1 + sequence modulo 65,535.
    EXPECT_EQ(database->query_integer("SELECT 1 + sequence % 65535 FROM deliveries"
                                      " WHERE message = 10"),
              2);
}

/// The first delivery of a session may have any packet id, and one alone has no gap to others.
TEST_F(MessageMigrationTest, Version1KeepsQueuesOfOneMessageAndSkipsIdsThatCannotBe) {
    execute(kSchema1);
    execute(
        "INSERT INTO sessions VALUES(1, 0, 'press', '', 1, 5, 0, x'');"
        "INSERT INTO messages VALUES(5, 0, 1, 0, 0, 't', x'', x'');"
        "INSERT INTO messages VALUES(6, 0, 1, 0, 0, 't', x'', x'');"
        "INSERT INTO deliveries VALUES(1, 5, 0, 65535, 1, 0, x''), (1, 6, 0, 0, 1, 0, x'')");
    EXPECT_EQ(content(),
              "session 1 tenant=0 client=press principal= expiry=1 version=5 at=0 0:\n"
              "queue 1 from 65534 last=65534 messages=1 bytes=97 expires=0\n"
              "message 5 tenant=0 t payload=0: properties=0: qos=1 at=0 expires=0\n"
              "delivery 1 at 65534 of 5 qos=1 retain=false state=0 bytes=97 expires=0 0:\n"
              "messages 1\n");
}

TEST_F(MessageMigrationTest, AnEmptyFileOfVersion1IsTakenAlong) {
    execute(kSchema1);
    EXPECT_EQ(content(), "");
}

TEST_F(MessageMigrationTest, Version2KeepsItsContentAndTheHighestIdsAndTakesMarks) {
    execute(kSchema1);
    execute(kSchema2);
    execute(
        "INSERT INTO marks VALUES('message', 70000), ('session', 80000);"
        "INSERT INTO sessions VALUES(1, 0, 'press', '', 1, 5, 0, x'');"
        "INSERT INTO messages VALUES(5, 0, 1, 0, 0, 't', x'', x'');"
        "INSERT INTO deliveries VALUES(1, 9, 5, 0, 1, 0, 97, 0, x'')");
    const std::string queue =
        "session 1 tenant=0 client=press principal= expiry=1 version=5 at=0 0:\n"
        "queue 1 from 9 last=9 messages=1 bytes=97 expires=0\n";
    const std::string waiting =
        "message 5 tenant=0 t payload=0: properties=0: qos=1 at=0 expires=0\n"
        "delivery 1 at 9 of 5 qos=1 retain=false state=0 bytes=97 expires=0 0:\n"
        "messages 1\n";
    {
        auto store = open_message_store({.path = path_});
        ASSERT_TRUE(store) << store.error().text;
        EXPECT_EQ(to_text(**store), queue + waiting);
        EXPECT_EQ((*store)->last_message_id(), MessageId(70'000));
        EXPECT_EQ((*store)->last_session_id(), SessionId(80'000));
        WriteBatch batch;
        batch.put_mark({.key = as_bytes("message"), .value = as_bytes("x")});
        const WriteBatch* const group = &batch;
        ASSERT_TRUE((*store)->commit({&group, 1}));
    }
    EXPECT_EQ(content(), queue + "mark 7:6d657373616765 value=1:78\n" + waiting);
}

TEST_F(MessageMigrationTest, ANewerFileIsRefusedAndLeftAsItIs) {
    EXPECT_EQ(content(), "");
    execute("PRAGMA user_version = 4");
    const std::string before = file_bytes();
    const auto store = open_message_store({.path = path_});
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().kind, ErrorKind::Unsupported);
    EXPECT_EQ(file_bytes(), before);
}

}  // namespace
}  // namespace kith::storage

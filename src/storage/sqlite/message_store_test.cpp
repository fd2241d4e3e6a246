// What a message store promises, tested alike over SQLite and in memory.
#include <functional>

#include <gtest/gtest.h>

#include "storage/limits.h"
#include "storage/memory/memory_stores.h"
#include "storage/sqlite/sqlite_stores.h"
#include "storage/testing/record_text.h"
#include "storage/testing/temp_directory.h"
#include "storage/testing/workload.h"

namespace kith::storage {
namespace {

using testing::to_text;

/// Without waits for the disk: durability has a test of its own.
struct SqliteStores {
    testing::TempDirectory directory;
    std::unique_ptr<MessageStore> open() {
        auto store =
            open_message_store({.path = directory.file("messages.db"), .unsafe_no_sync = true});
        EXPECT_TRUE(store.has_value()) << store.error().text;
        return std::move(store.value());
    }
};

struct MemoryStores {
    static std::unique_ptr<MessageStore> open() { return make_memory_message_store(); }
};

template <typename Stores>
class MessageStoreTest : public ::testing::Test {
  protected:
    MessageStoreTest() : store_(stores_.open()) { EXPECT_EQ(to_text(*store_), ""); }

    void commit(const std::function<void(WriteBatch&)>& fill) {
        WriteBatch batch;
        fill(batch);
        commit_group({&batch});
    }
    void commit_group(std::vector<const WriteBatch*> batches) {
        const Status status = store_->commit(batches);
        ASSERT_TRUE(status) << status.error().text;
    }
    [[nodiscard]] std::string content() { return to_text(*store_); }

    Stores stores_;
    std::unique_ptr<MessageStore> store_;
};

using Implementations = ::testing::Types<SqliteStores, MemoryStores>;
TYPED_TEST_SUITE(MessageStoreTest, Implementations);

SessionRecord session(std::uint64_t id) {
    return {.id = SessionId(id), .client_id = "c"};
}

MessageRecord message(std::uint64_t id) {
    return {.id = MessageId(id), .topic = "t", .qos = Qos::AtLeastOnce};
}

DeliveryRecord delivery(std::uint64_t to, std::uint64_t of,
                        DeliveryState state = DeliveryState::Queued) {
    return {.session = SessionId(to),
            .sequence = of,
            .message = MessageId(of),
            .qos = Qos::AtLeastOnce,
            .state = state};
}

std::string session_line(std::uint64_t id) {
    return "session " + std::to_string(id) +
           " tenant=0 client=c principal= expiry=0 version=0 at=0 0:\n";
}

/// What recovery says of a queue without sizes and expiry.
std::string queue_line(std::uint64_t of, std::uint64_t from, std::uint64_t last,
                       std::uint64_t count) {
    return "queue " + std::to_string(of) + " from " + std::to_string(from) +
           " last=" + std::to_string(last) + " messages=" + std::to_string(count) +
           " bytes=0 expires=0\n";
}

std::string message_line(std::uint64_t id) {
    return "message " + std::to_string(id) +
           " tenant=0 t payload=0: properties=0: qos=1 at=0 expires=0\n";
}

std::string delivery_line(std::uint64_t to, std::uint64_t of, int state = 0) {
    const std::string id = std::to_string(of);
    return "delivery " + std::to_string(to) + " at " + id + " of " + id +
           " qos=1 retain=false state=" + std::to_string(state) + " bytes=0 expires=0 0:\n";
}

/// What reading a queue shows of one message.
std::string waiting_line(std::uint64_t to, std::uint64_t of, int state = 0) {
    return message_line(of) + delivery_line(to, of, state);
}

std::string count_line(std::uint64_t count) {
    return "messages " + std::to_string(count) + "\n";
}

// style: longer than a function should be, for each kind of record and each of its fields is here.
TYPED_TEST(MessageStoreTest, ShowsEveryFieldInTheOrderOfRecovery) {
    const std::vector<std::uint8_t> bytes{0, 1, 0xFF};
    const std::string kMessage6 =
        "message 6 tenant=4294967295 x/y payload=3:0001ff properties=3:0001ff qos=2 at=1 "
        "expires=2\n";
    this->commit([&](WriteBatch& batch) {
        batch.put_mark({.key = as_bytes("s"), .value = bytes});
        batch.put_mark({.key = bytes, .value = {}});
        batch.put_retained({.tenant = TenantId(1), .topic = "a", .payload = bytes});
        batch.put_retained({.tenant = TenantId(0),
                            .topic = "b",
                            .payload = bytes,
                            .properties = bytes,
                            .qos = Qos::ExactlyOnce,
                            .published_at = WallTime::from_ms(8),
                            .expires_at = WallTime::from_ms(9)});
        batch.put_retained({.tenant = TenantId(0), .topic = "\xC3\xA4", .payload = bytes});
        batch.put_retained({.tenant = TenantId(0), .topic = "a", .payload = bytes});
        batch.put_inbound(SessionId(2), PacketId(1));
        batch.put_inbound(SessionId(1), PacketId(0xFFFF));
        batch.put_message({.id = MessageId(6),
                           .tenant = TenantId(0xFFFFFFFF),
                           .topic = "x/y",
                           .payload = bytes,
                           .properties = bytes,
                           .qos = Qos::ExactlyOnce,
                           .published_at = WallTime::from_ms(1),
                           .expires_at = WallTime::from_ms(2)});
        batch.put_delivery(delivery(2, 6));
        batch.put_delivery({.session = SessionId(1),
                            .sequence = 6,
                            .message = MessageId(6),
                            .qos = Qos::ExactlyOnce,
                            .retain = true,
                            .state = DeliveryState::Sent,
                            .size_bytes = 0xFFFFFFFF,
                            .expires_at = WallTime::from_ms(2),
                            .subscription_identifiers = bytes});
        batch.put_message(message(5));
        batch.put_delivery(delivery(1, 5));
        batch.put_subscription({.session = SessionId(2), .filter = "a"});
        batch.put_subscription({.session = SessionId(1),
                                .filter = "b/#",
                                .options = 0xFF,
                                .subscription_identifier = 268'435'455});
        batch.put_subscription({.session = SessionId(1), .filter = "a/+"});
        batch.put_session(session(2));
        batch.put_session({.id = SessionId(1),
                           .tenant = TenantId(0xFFFFFFFF),
                           .client_id = "press",
                           .principal = "anna",
                           .session_expiry_interval_s = 0xFFFFFFFF,
                           .protocol_version = 5,
                           .disconnected_at = WallTime::from_ms(1'700'000'000'000),
                           .will = bytes});
    });
    EXPECT_EQ(
        this->content(),
        "session 1 tenant=4294967295 client=press principal=anna expiry=4294967295 version=5 "
        "at=1700000000000 3:0001ff\n" +
            session_line(2) +
            "subscription 1 a/+ options=0 identifier=0\n"
            "subscription 1 b/# options=255 identifier=268435455\n"
            "subscription 2 a options=0 identifier=0\n"
            "queue 1 from 5 last=6 messages=2 bytes=4294967295 expires=2\n" +
            queue_line(2, 6, 6, 1) +
            "inbound 1 65535\n"
            "inbound 2 1\n"
            "retained tenant=0 a payload=3:0001ff properties=0: qos=0 at=0 expires=0\n"
            "retained tenant=0 b payload=3:0001ff properties=3:0001ff qos=2 at=8 expires=9\n"
            "retained tenant=0 \xC3\xA4 payload=3:0001ff properties=0: qos=0 at=0 expires=0\n"
            "retained tenant=1 a payload=3:0001ff properties=0: qos=0 at=0 expires=0\n"
            "mark 3:0001ff value=0:\n"
            "mark 1:73 value=3:0001ff\n" +
            waiting_line(1, 5) + kMessage6 +
            "delivery 1 at 6 of 6 qos=2 retain=true state=1 bytes=4294967295 expires=2 3:0001ff\n" +
            kMessage6 + delivery_line(2, 6) + count_line(2));
}

TYPED_TEST(MessageStoreTest, PutReplacesTheRowOfTheSameKey) {
    for (const char* text : {"old", "new"}) {
        this->commit([&](WriteBatch& batch) {
            batch.put_session({.id = SessionId(1), .client_id = text});
            batch.put_subscription(
                {.session = SessionId(1), .filter = "f", .options = text[0] == 'n'});
            batch.put_inbound(SessionId(1), PacketId(1));
            batch.put_retained({.topic = "r", .payload = as_bytes(text)});
            batch.put_mark({.key = as_bytes("m"), .value = as_bytes(text)});
        });
    }
    EXPECT_EQ(this->content(),
              "session 1 tenant=0 client=new principal= expiry=0 version=0 at=0 0:\n"
              "subscription 1 f options=1 identifier=0\n"
              "inbound 1 1\n"
              "retained tenant=0 r payload=3:6e6577 properties=0: qos=0 at=0 expires=0\n"
              "mark 1:6d value=3:6e6577\n");
}

TYPED_TEST(MessageStoreTest, DeletesWhatIsNamedAndIgnoresWhatIsNotThere) {
    const auto delete_all = [](WriteBatch& batch) {
        batch.delete_subscription(SessionId(1), "f");
        batch.delete_inbound(SessionId(1), PacketId(1));
        batch.delete_retained(TenantId(0), "r");
        batch.delete_mark(as_bytes("m"));
        batch.delete_delivery({SessionId(1), 1, MessageId(1)});
        batch.set_delivery({SessionId(1), 1, MessageId(1)}, DeliveryState::Sent);
        batch.delete_session(SessionId(7));
    };
    this->commit(delete_all);
    EXPECT_EQ(this->content(), "");
    this->commit([&](WriteBatch& batch) {
        batch.put_session(session(1));
        batch.put_subscription({.session = SessionId(1), .filter = "f"});
        batch.put_subscription({.session = SessionId(1), .filter = "g"});
        batch.put_inbound(SessionId(1), PacketId(1));
        batch.put_retained({.topic = "r", .payload = as_bytes("x")});
        batch.put_mark({.key = as_bytes("m"), .value = {}});
        batch.put_message(message(1));
        batch.put_delivery(delivery(1, 1));
    });
    this->commit(delete_all);
    EXPECT_EQ(this->content(), session_line(1) + "subscription 1 g options=0 identifier=0\n");
}

TYPED_TEST(MessageStoreTest, MessageGoesWithItsLastDelivery) {
    this->commit([](WriteBatch& batch) {
        batch.put_session(session(1));
        batch.put_session(session(2));
        batch.put_message(message(1));
        batch.put_delivery(delivery(1, 1));
        batch.put_delivery(delivery(2, 1));
    });
    const std::string sessions = session_line(1) + session_line(2);
    this->commit([](WriteBatch& batch) { batch.delete_delivery({SessionId(1), 1, MessageId(1)}); });
    EXPECT_EQ(this->content(),
              sessions + queue_line(2, 1, 1, 1) + waiting_line(2, 1) + count_line(1));
    this->commit([](WriteBatch& batch) { batch.delete_delivery({SessionId(2), 1, MessageId(1)}); });
    EXPECT_EQ(this->content(), sessions);
}

TYPED_TEST(MessageStoreTest, MessageGoesWhenItsLastDeliveryIsReleased) {
    this->commit([](WriteBatch& batch) {
        batch.put_session(session(1));
        batch.put_message(message(1));
        batch.put_delivery(delivery(1, 1));
    });
    this->commit([](WriteBatch& batch) {
        batch.set_delivery({SessionId(1), 1, MessageId(1)}, DeliveryState::Sent);
    });
    EXPECT_EQ(this->content(),
              session_line(1) + queue_line(1, 1, 1, 1) + waiting_line(1, 1, 1) + count_line(1));
    this->commit([](WriteBatch& batch) {
        batch.set_delivery({SessionId(1), 1, MessageId(1)}, DeliveryState::Released);
    });
    EXPECT_EQ(this->content(), session_line(1) + queue_line(1, 0, 1, 0) + delivery_line(1, 1, 2));
    // It does not come back to life.
    this->commit([](WriteBatch& batch) {
        batch.set_delivery({SessionId(1), 1, MessageId(1)}, DeliveryState::Released);
        batch.set_delivery({SessionId(1), 1, MessageId(1)}, DeliveryState::Sent);
    });
    EXPECT_EQ(this->content(), session_line(1) + queue_line(1, 0, 1, 0) + delivery_line(1, 1, 2));
    this->commit([](WriteBatch& batch) { batch.delete_delivery({SessionId(1), 1, MessageId(1)}); });
    EXPECT_EQ(this->content(), session_line(1));
}

TYPED_TEST(MessageStoreTest, MessageWithoutDeliveriesIsNotKept) {
    this->commit([](WriteBatch& batch) {
        batch.put_session(session(1));
        batch.put_message(message(1));
        batch.put_message(message(2));
        batch.put_delivery(delivery(1, 2, DeliveryState::Released));
    });
    EXPECT_EQ(this->content(), session_line(1) + queue_line(1, 0, 2, 0) + delivery_line(1, 2, 2));
    // Nor may a later batch of the same group find it.
    WriteBatch put;
    put.put_message(message(3));
    WriteBatch late;
    late.put_delivery(delivery(1, 3));
    this->commit_group({&put, &late});
    EXPECT_EQ(this->content(), session_line(1) + queue_line(1, 0, 2, 0) + delivery_line(1, 2, 2));
}

TYPED_TEST(MessageStoreTest, MessageThatComesAndGoesInOneGroupLeavesNothing) {
    WriteBatch sessions;
    sessions.put_session(session(1));
    sessions.put_session(session(2));
    WriteBatch put;
    put.put_message(message(1));
    put.put_delivery(delivery(1, 1));
    put.put_delivery(delivery(2, 1));
    WriteBatch first;
    first.set_delivery({SessionId(1), 1, MessageId(1)}, DeliveryState::Sent);
    first.set_delivery({SessionId(1), 1, MessageId(1)}, DeliveryState::Released);
    first.delete_delivery({SessionId(1), 1, MessageId(1)});
    WriteBatch second;
    second.delete_delivery({SessionId(2), 1, MessageId(1)});
    this->commit_group({&sessions, &put, &first, &second});
    EXPECT_EQ(this->content(), session_line(1) + session_line(2));
    EXPECT_EQ(this->store_->last_message_id(), MessageId(1));
}

TYPED_TEST(MessageStoreTest, DeliveryMovesFromOneSessionToAnother) {
    this->commit([](WriteBatch& batch) {
        batch.put_session(session(1));
        batch.put_session(session(2));
        batch.put_message(message(1));
        batch.put_delivery(delivery(1, 1));
    });
    this->commit([](WriteBatch& batch) {
        batch.put_delivery(delivery(2, 1));
        batch.delete_delivery({SessionId(1), 1, MessageId(1)});
    });
    const std::string sessions = session_line(1) + session_line(2);
    EXPECT_EQ(this->content(),
              sessions + queue_line(2, 1, 1, 1) + waiting_line(2, 1) + count_line(1));
    // The other way round there is nothing left to deliver.
    this->commit([](WriteBatch& batch) {
        batch.delete_delivery({SessionId(2), 1, MessageId(1)});
        batch.put_delivery(delivery(1, 1));
    });
    EXPECT_EQ(this->content(), sessions);
}

TYPED_TEST(MessageStoreTest, SessionTakesItsRowsWithIt) {
    this->commit([](WriteBatch& batch) {
        for (const std::uint64_t id : {1U, 2U}) {
            batch.put_session(session(id));
            batch.put_subscription({.session = SessionId(id), .filter = "f"});
            batch.put_inbound(SessionId(id), PacketId(1));
        }
        batch.put_message(message(1));
        batch.put_delivery(delivery(1, 1));
        batch.put_message(message(2));
        batch.put_delivery(delivery(1, 2));
        batch.put_delivery(delivery(2, 2));
        batch.put_message(message(3));
        batch.put_delivery(delivery(1, 3, DeliveryState::Released));
    });
    // One of its messages is of the same batch.
    this->commit([](WriteBatch& batch) {
        batch.put_message(message(4));
        batch.put_delivery(delivery(1, 4));
        batch.delete_session(SessionId(1));
    });
    EXPECT_EQ(this->content(), session_line(2) + "subscription 2 f options=0 identifier=0\n" +
                                   queue_line(2, 2, 2, 1) + "inbound 2 1\n" + waiting_line(2, 2) +
                                   count_line(1));
}

TYPED_TEST(MessageStoreTest, RowsOfASessionMayComeBeforeIt) {
    this->commit([](WriteBatch& batch) {
        batch.put_subscription({.session = SessionId(1), .filter = "f"});
        batch.put_message(message(1));
        batch.put_delivery(delivery(1, 1));
    });
    this->commit([](WriteBatch& batch) { batch.put_session(session(1)); });
    EXPECT_EQ(this->content(), session_line(1) + "subscription 1 f options=0 identifier=0\n" +
                                   queue_line(1, 1, 1, 1) + waiting_line(1, 1) + count_line(1));
}

TYPED_TEST(MessageStoreTest, RecoveryDropsRowsWithoutSession) {
    this->commit([](WriteBatch& batch) {
        batch.put_session(session(2));
        for (const std::uint64_t id : {1U, 2U, 3U}) {
            batch.put_subscription({.session = SessionId(id), .filter = "f"});
            batch.put_inbound(SessionId(id), PacketId(1));
        }
        batch.put_message(message(1));
        batch.put_delivery(delivery(1, 1));
        batch.put_message(message(2));
        batch.put_delivery(delivery(2, 2));
        batch.put_delivery(delivery(3, 2));
    });
    const std::string expected = session_line(2) + "subscription 2 f options=0 identifier=0\n" +
                                 queue_line(2, 2, 2, 1) + "inbound 2 1\n" + waiting_line(2, 2) +
                                 count_line(1);
    EXPECT_EQ(this->content(), expected);
    // They are gone, not only hidden, and the message needs one delivery less.
    this->commit([](WriteBatch& batch) { batch.put_session(session(1)); });
    EXPECT_EQ(this->content(), session_line(1) + expected);
    this->commit([](WriteBatch& batch) { batch.delete_delivery({SessionId(2), 2, MessageId(2)}); });
    EXPECT_EQ(this->content(), session_line(1) + session_line(2) +
                                   "subscription 2 f options=0 identifier=0\ninbound 2 1\n");
}

TYPED_TEST(MessageStoreTest, MarksAreOrderedByTheBytesOfTheirKeys) {
    const auto put = [](WriteBatch& batch, std::vector<std::uint8_t> key) {
        batch.put_mark({.key = key, .value = Bytes(key).first(1)});
    };
    this->commit([&](WriteBatch& batch) {
        put(batch, {0xFF});
        put(batch, {0x01, 0x00});
        put(batch, {0x7F, 0x80});
        put(batch, {0x01});
        put(batch, {0x00, 0xFF});
        put(batch, {0x7F});
    });
    EXPECT_EQ(this->content(),
              "mark 2:00ff value=1:00\nmark 1:01 value=1:01\nmark 2:0100 value=1:01\n"
              "mark 1:7f value=1:7f\nmark 2:7f80 value=1:7f\nmark 1:ff value=1:ff\n");
}

TYPED_TEST(MessageStoreTest, TheLastChangeOfAMarkInAGroupCounts) {
    WriteBatch put;
    put.put_mark({.key = as_bytes("a"), .value = as_bytes("1")});
    put.put_mark({.key = as_bytes("a"), .value = as_bytes("2")});
    put.put_mark({.key = as_bytes("b"), .value = as_bytes("1")});
    WriteBatch change;
    change.delete_mark(as_bytes("b"));
    change.delete_mark(as_bytes("a"));
    change.put_mark({.key = as_bytes("a"), .value = as_bytes("3")});
    this->commit_group({&put, &change});
    EXPECT_EQ(this->content(), "mark 1:61 value=1:33\n");
}

TYPED_TEST(MessageStoreTest, KeepsTheLargestMarkWhole) {
    const std::vector<std::uint8_t> key(kMarkKeyBytesMax, 0xAB);
    std::vector<std::uint8_t> value(kMarkValueBytesMax);
    for (std::size_t i = 0; i < value.size(); ++i) {
        value[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
    }
    this->commit([&](WriteBatch& batch) { batch.put_mark({.key = key, .value = value}); });
    struct Marks final : RecoveryVisitor {
        void on_session(const SessionRecord&) override {}
        void on_subscription(const SubscriptionRecord&) override {}
        void on_queue(const QueueRecord&) override {}
        void on_delivery(const DeliveryRecord&) override {}
        void on_inbound(SessionId, PacketId) override {}
        void on_retained(const RetainedRecord&) override {}
        void on_mark(const MarkRecord& mark) override {
            keys.emplace_back(mark.key.begin(), mark.key.end());
            values.emplace_back(mark.value.begin(), mark.value.end());
        }
        std::vector<std::vector<std::uint8_t>> keys;
        std::vector<std::vector<std::uint8_t>> values;
    } marks;
    ASSERT_TRUE(this->store_->recover(marks));
    ASSERT_EQ(marks.keys.size(), 1U);
    EXPECT_EQ(marks.keys[0], key);
    EXPECT_EQ(marks.values[0], value);
}

TYPED_TEST(MessageStoreTest, RemembersTheHighestIdsOfWhatIsGone) {
    EXPECT_EQ(this->store_->last_message_id(), MessageId());
    EXPECT_EQ(this->store_->last_session_id(), SessionId());
    this->commit([](WriteBatch& batch) {
        batch.put_session(session(40));
        batch.delete_session(SessionId(40));
        batch.put_session(session(30));
        batch.put_message(message(200'000));
        batch.put_message(message(100));
    });
    EXPECT_EQ(this->store_->last_message_id(), MessageId(200'000));
    EXPECT_EQ(this->store_->last_session_id(), SessionId(40));
}

TYPED_TEST(MessageStoreTest, EmptyCommitsAreFine) {
    const WriteBatch empty;
    this->commit_group({});
    this->commit_group({&empty, &empty});
    EXPECT_TRUE(this->store_->tidy());
    EXPECT_EQ(this->content(), "");
}

TYPED_TEST(MessageStoreTest, ReadsAQueueInOrderAndByParts) {
    this->commit([](WriteBatch& batch) {
        batch.put_session(session(1));
        for (const std::uint64_t id : {12U, 10U, 11U, 14U, 13U}) {
            batch.put_message(message(id));
            DeliveryRecord queued = delivery(1, id);
            queued.size_bytes = 100;
            queued.expires_at = WallTime::from_ms(id == 11 || id == 14 ? 50 : 0);
            batch.put_delivery(queued);
        }
    });
    EXPECT_NE(this->content().find("queue 1 from 10 last=14 messages=5 bytes=500 expires=50\n"),
              std::string::npos);
    struct Seen final : QueueVisitor {
        void on_message(const DeliveryRecord& delivery, const MessageRecord& message) override {
            EXPECT_EQ(delivery.message, message.id);
            text += " " + std::to_string(delivery.sequence);
        }
        void on_dropped(const DeliveryRecord& delivery, QueueDrop reason) override {
            text +=
                (reason == QueueDrop::Expired ? " x" : " m") + std::to_string(delivery.sequence);
        }
        std::string text;
    };
    const auto read = [&](QueueRead asked) {
        asked.session = SessionId(1);
        Seen seen;
        const auto next = this->store_->read_queue(asked, seen);
        EXPECT_TRUE(next);
        return seen.text + " then " + std::to_string(*next);
    };
    const WallTime later = WallTime::from_ms(50);
    EXPECT_EQ(read({.from = 0, .behind = 15, .messages_max = 9, .bytes_max = 999}),
              " 10 11 12 13 14 then 15");
    EXPECT_EQ(read({.from = 0, .behind = 15, .messages_max = 2, .bytes_max = 999}),
              " 10 11 then 12");
    EXPECT_EQ(read({.from = 12, .behind = 15, .messages_max = 9, .bytes_max = 50}), " 12 then 13");
    EXPECT_EQ(read({.from = 11, .behind = 13, .messages_max = 9, .bytes_max = 999}),
              " 11 12 then 13");
    EXPECT_EQ(read({.from = 10, .behind = 15, .now = later, .messages_max = 9, .bytes_max = 999}),
              " 10 x11 12 13 x14 then 15");
    EXPECT_EQ(read({.from = 10, .behind = 15, .now = later, .only_dropped = true}),
              " x11 x14 then 15");
}

TYPED_TEST(MessageStoreTest, LooksAtABoundedNumberOfRowsAtATime) {
    this->commit([](WriteBatch& batch) {
        batch.put_session(session(1));
        for (std::uint64_t id = 1; id <= kQueueRowsSeenMax + 5; ++id) {
            batch.put_message(message(id));
            batch.put_delivery(delivery(1, id));
        }
    });
    struct Nothing final : QueueVisitor {
        void on_message(const DeliveryRecord&, const MessageRecord&) override {}
        void on_dropped(const DeliveryRecord&, QueueDrop) override {}
    } nothing;
    QueueRead read{.session = SessionId(1), .from = 1, .behind = 5000, .only_dropped = true};
    auto next = this->store_->read_queue(read, nothing);
    ASSERT_TRUE(next);
    EXPECT_EQ(*next, 1 + kQueueRowsSeenMax);
    read.from = *next;
    next = this->store_->read_queue(read, nothing);
    EXPECT_EQ(*next, 5000U);
}

/// The memory store is the oracle: it is plain and commits one batch at a time. The other gets the
/// same batches in groups of random size, with recoveries in between.
TYPED_TEST(MessageStoreTest, AgreesWithTheOracleHoweverBatchesAreGrouped) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        TypeParam stores;
        const auto store = stores.open();
        const auto oracle = make_memory_message_store();
        ASSERT_EQ(to_text(*store), to_text(*oracle));
        testing::Workload workload(seed);
        Random random(seed);
        for (int round = 0; round < 12; ++round) {
            std::vector<WriteBatch> batches(1 + random.below(6));
            std::vector<const WriteBatch*> group;
            for (WriteBatch& batch : batches) {
                workload.fill(batch, 20);
                group.push_back(&batch);
                ASSERT_TRUE(oracle->commit({&group.back(), 1}));
            }
            ASSERT_TRUE(store->commit(group));
            if (random.chance(0.3)) {
                ASSERT_EQ(to_text(*store), to_text(*oracle)) << "seed " << seed;
            }
            EXPECT_EQ(store->last_message_id(), oracle->last_message_id());
        }
        ASSERT_EQ(to_text(*store), to_text(*oracle)) << "seed " << seed;
    }
}

}  // namespace
}  // namespace kith::storage

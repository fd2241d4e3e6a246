#include "broker/detail/move_message.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "broker/detail/delivery_row.h"
#include "broker/detail/queue_part_reader.h"
#include "broker/detail/seen_messages.h"
#include "broker/detail/session_moves.h"
#include "broker/detail/session_note.h"

namespace kith::broker {
namespace {

/// What was shown, in words.
class Words final : public MoveItemVisitor {
  public:
    void on_session(const MovedSession& session) override {
        text += "session " + std::string(session.principal) + " " +
                std::to_string(session.expiry_interval_s) + " " +
                std::to_string(session.next_sequence) + " " + std::to_string(session.sent_behind) +
                "\n";
    }
    void on_subscription(const MovedSubscription& subscription) override {
        text += "subscription " + std::string(subscription.filter) + " " +
                std::to_string(subscription.options) + " " +
                std::to_string(subscription.identifier) + "\n";
    }
    void on_inbound(PacketId packet_id) override {
        text += "inbound " + std::to_string(packet_id.value()) + "\n";
    }
    void on_released(const MovedReleased& released) override {
        text += "released " + std::to_string(released.sequence) + "\n";
    }
    void on_message(const MovedMessage& message) override {
        text += "message " + std::to_string(message.sequence) + " " + std::string(message.topic) +
                " " + std::string(as_text(message.payload)) + " " +
                std::to_string(message.left_ms) + " " + std::to_string(message.source.node) + "/" +
                std::to_string(message.source.number) + "\n";
    }
    void on_seen(const bus::MessageSource& source) override {
        text += "seen " + std::to_string(source.node) + "/" + std::to_string(source.number) + "\n";
    }
    std::string text;
};

std::vector<std::uint8_t> a_session() {
    MoveItems items;
    items.put(MovedSession{.principal = "pump",
                           .expiry_interval_s = 60,
                           .protocol_version = 5,
                           .next_sequence = 9,
                           .sent_behind = 3});
    items.put(MovedSubscription{.filter = "$share/g/a/+", .options = 2, .identifier = 7});
    items.put_inbound(PacketId(11));
    items.put(MovedReleased{.sequence = 4});
    items.put(MovedMessage{.sequence = 5,
                           .granted = Qos::AtLeastOnce,
                           .qos = Qos::ExactlyOnce,
                           .left_ms = 1000,
                           .source = {.node = 1, .number = 2},
                           .topic = "a/b",
                           .payload = as_bytes("on")});
    items.put_seen({.node = 3, .number = 4});
    return items.bytes();
}

constexpr const char* kSessionWords =
    "session pump 60 9 3\nsubscription $share/g/a/+ 2 7\ninbound 11\nreleased 4\n"
    "message 5 a/b on 1000 1/2\nseen 3/4\n";

TEST(MoveMessage, AMessageComesBackAsItWas) {
    const std::vector<std::uint8_t> bytes = encode_move({.kind = MoveKind::Part,
                                                         .is_last = true,
                                                         .epoch = 5,
                                                         .number = 6,
                                                         .place = 7,
                                                         .client_id = "pump-1",
                                                         .principal = "pump",
                                                         .body = as_bytes("body")});
    const Result<MoveMessage> message = decode_move(bytes);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->kind, MoveKind::Part);
    EXPECT_TRUE(message->is_last);
    EXPECT_FALSE(message->is_clean);
    EXPECT_EQ(message->epoch, 5U);
    EXPECT_EQ(message->number, 6U);
    EXPECT_EQ(message->place, 7U);
    EXPECT_EQ(message->client_id, "pump-1");
    EXPECT_EQ(message->principal, "pump");
    EXPECT_EQ(as_text(message->body), "body");
}

TEST(MoveMessage, WhatIsCutOffOrOfAnotherVersionIsRefused) {
    std::vector<std::uint8_t> bytes =
        encode_move({.kind = MoveKind::Take, .client_id = "pump-1", .principal = "pump"});
    for (std::size_t count = 0; count < bytes.size(); ++count) {
        EXPECT_FALSE(decode_move(Bytes(bytes).first(count))) << count;
    }
    bytes[0] = 2;
    EXPECT_FALSE(decode_move(bytes));
    bytes[0] = 1;
    bytes[1] = kMoveKindMax + 1;
    EXPECT_FALSE(decode_move(bytes)) << "a kind that is not known";
    EXPECT_FALSE(decode_move(encode_move({.kind = MoveKind::Take}))) << "no client";
}

TEST(MoveMessage, ItemsAreReadAsTheyComeInSlicesOfAnySize) {
    const std::vector<std::uint8_t> all = a_session();
    for (std::size_t slice = 1; slice <= all.size(); ++slice) {
        Words words;
        std::vector<std::uint8_t> waiting;
        for (std::size_t at = 0; at < all.size(); at += slice) {
            const Bytes next = Bytes(all).subspan(at, std::min(slice, all.size() - at));
            waiting.insert(waiting.end(), next.begin(), next.end());
            const Result<std::size_t> used = read_move_items(waiting, words);
            ASSERT_TRUE(used);
            waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(*used));
        }
        EXPECT_TRUE(waiting.empty());
        EXPECT_EQ(words.text, kSessionWords);
    }
}

TEST(MoveMessage, ItemsOfNonsenseAreRefusedAndNeverReadBeyondTheirEnd) {
    Random random(7);
    for (int i = 0; i < 5000; ++i) {
        std::vector<std::uint8_t> bytes = a_session();
        for (std::uint64_t flips = 1 + random.below(4); flips > 0; --flips) {
            bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.below(256));
        }
        Words words;
        const Result<std::size_t> used = read_move_items(bytes, words);
        EXPECT_TRUE(!used || *used <= bytes.size());
        (void)decode_move(bytes);
    }
}

TEST(MoveMessage, AnItemBeyondTheLimitIsRefused) {
    const std::vector<std::uint8_t> head{5, 0xFF, 0xFF, 0xFF, 0xFF};
    Words words;
    EXPECT_FALSE(read_move_items(head, words));
}

TEST(SessionNote, StandsInFrontOfTheWill) {
    const std::vector<std::uint8_t> will{2, 1, 0};
    EXPECT_EQ(encode_note({}, will), will) << "as before there was a mesh";
    const SessionNote note{
        .state = SessionState::Moving, .epoch = 2, .node = 3, .place = 4, .own_epoch = 1};
    const std::vector<std::uint8_t> record = encode_note(note, will);
    const auto read = decode_note(record);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->first, note);
    EXPECT_TRUE(std::ranges::equal(read->second, will));
    const auto plain = decode_note(will);
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->first, SessionNote{});
    for (std::size_t count = 1; count < record.size() - will.size(); ++count) {
        EXPECT_FALSE(decode_note(Bytes(record).first(count))) << count;
    }
}

TEST(DeliveryRow, ASourceStandsBehindIdentifiersAndIsNoneOfThem) {
    const std::vector<std::uint32_t> identifiers{1, 300, 268'435'455};
    const bus::MessageSource source{.node = 0xFEDC'BA98'7654'3210, .number = 0x8000'0000'0000'0001};
    const auto encoded = encode_identifiers(identifiers, source);
    const Bytes bytes(encoded.data(), encoded.size());
    EXPECT_TRUE(std::ranges::equal(decode_identifiers(bytes), identifiers));
    EXPECT_EQ(decode_source(bytes).node, source.node);
    EXPECT_EQ(decode_source(bytes).number, source.number);
    const auto plain = encode_identifiers(identifiers);
    EXPECT_EQ(decode_source(Bytes(plain.data(), plain.size())).number, 0U);
    EXPECT_EQ(decode_source({}).number, 0U);
}

TEST(SeenMessages, RemembersTheLastOnesUntilItsTimeIsOver) {
    SeenMessages seen;
    const SessionId session(1);
    storage::WriteBatch batch;
    seen.watch(session, Instant() + 10s, Instant() + 100s);
    EXPECT_TRUE(seen.add(session, {.node = 1, .number = 1}));
    EXPECT_FALSE(seen.add(session, {.node = 1, .number = 1}));
    EXPECT_TRUE(seen.add(session, {.node = 2, .number = 1}));
    for (std::uint64_t i = 2; i <= kMoveSeenMax; ++i) {
        EXPECT_TRUE(seen.add(session, {.node = 1, .number = i}));
    }
    EXPECT_TRUE(seen.add(session, {.node = 1, .number = 1})) << "forgotten";
    std::size_t count = 0;
    seen.for_each(session, [&](const bus::MessageSource&) { ++count; });
    EXPECT_EQ(count, kMoveSeenMax);
    EXPECT_GT(seen.place_of(session, {.node = 1, .number = 1}), kMoveSeenMax);
    EXPECT_EQ(seen.place_of(session, {.node = 2, .number = 2}), 0U);
    EXPECT_FALSE(seen.is_over(session, Instant() + 9s));
    EXPECT_TRUE(seen.is_over(session, Instant() + 10s));
    seen.add_owner(session, bus::PeerId(7));
    EXPECT_FALSE(seen.is_over(session, Instant() + 99s)) << "node 7 may still send";
    EXPECT_TRUE(seen.is_over(session, Instant() + 100s));
    seen.remove_owner(session, bus::PeerId(7), batch);
    EXPECT_TRUE(seen.is_over(session, Instant() + 10s));
    seen.forget(session, batch);
    EXPECT_TRUE(seen.empty());
}

/// Those of a store.
class Marks final : public QueuePartReader {
  public:
    void put_message(const storage::MessageRecord&) override {}
    void put_delivery(const storage::DeliveryRecord&) override {}
    void put_mark(const storage::MarkRecord& mark) override {
        all[{mark.key.begin(), mark.key.end()}] = {mark.value.begin(), mark.value.end()};
    }
    void delete_mark(Bytes key) override { all.erase({key.begin(), key.end()}); }

    std::map<std::vector<std::uint8_t>, std::vector<std::uint8_t>> all;
};

TEST(SeenMessages, AreOnDiskWhatTheyWereInMemory) {
    const SessionId session(9);
    const bus::MessageSource message{.node = 5, .number = 6};
    const bus::MessageSource owner{.node = 8};
    for (const SeenMark& mark :
         {SeenMark{session, kMoveSeenMax + 3, message}, SeenMark{session, 0, owner}}) {
        Marks marks;
        storage::WriteBatch batch;
        put_seen_mark(batch, mark);
        batch.visit(marks);
        ASSERT_EQ(marks.all.size(), 1U);
        const auto [key, value] = *marks.all.begin();
        EXPECT_TRUE(is_seen_mark(key));
        EXPECT_FALSE(is_forward_mark(key));
        const std::optional<SeenMark> read = decode_seen_mark(key, value);
        ASSERT_TRUE(read);
        EXPECT_EQ(read->session, mark.session);
        EXPECT_EQ(read->place, mark.place);
        EXPECT_EQ(read->source.node, mark.source.node);
        EXPECT_EQ(read->source.number, mark.source.number);

        SeenMessages seen;
        seen.restore(*read);
        EXPECT_EQ(seen.place_of(session, message), mark.place);
        storage::WriteBatch deletion;
        seen.forget(session, deletion);
        deletion.visit(marks);
        EXPECT_TRUE(marks.all.empty());
    }
}

TEST(SeenMessages, AMarkThatIsNotWholeIsNone) {
    Marks marks;
    storage::WriteBatch batch;
    put_seen_mark(batch, {.session = SessionId(9), .place = 3, .source = {.node = 5, .number = 6}});
    batch.visit(marks);
    const auto& [key, value] = *marks.all.begin();
    EXPECT_FALSE(decode_seen_mark(key, Bytes(value).first(23)));
    std::vector<std::uint8_t> other_slot = key;
    ++other_slot.back();
    EXPECT_FALSE(decode_seen_mark(other_slot, value));
}

}  // namespace
}  // namespace kith::broker

#include "broker/detail/move_message.h"

#include <algorithm>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/narrow.h"
#include "base/utf8.h"
#include "broker/limits.h"
#include "bus/topic.h"
#include "wire/mqtt/properties.h"

namespace kith::broker {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kFixedBytes = 4 + 8 + 8 + 8 + 2 + 2;
constexpr std::uint8_t kClean = 1;
constexpr std::uint8_t kAdmin = 2;
constexpr std::uint8_t kLast = 4;
constexpr std::size_t kItemHeadBytes = 1 + 4;
constexpr std::size_t kRouterBytes = 8 + 1;
constexpr auto kQosMax = static_cast<std::uint8_t>(Qos::ExactlyOnce);

enum class ItemKind : std::uint8_t {
    Session = 1,
    Subscription = 2,
    Inbound = 3,
    Released = 4,
    Message = 5,
    Seen = 6,
};

Error malformed(const char* text) {
    return {.kind = ErrorKind::Malformed, .code = 0, .text = text};
}

std::uint8_t bits(bool value, std::uint8_t bit) {
    return value ? bit : std::uint8_t{0};
}

/// Room for one item; its head is written.
ByteWriter begin_item(std::vector<std::uint8_t>& bytes, ItemKind kind, std::size_t count) {
    const std::size_t at = bytes.size();
    bytes.resize(at + kItemHeadBytes + count);
    ByteWriter out(MutableBytes(bytes).subspan(at));
    out.u8(static_cast<std::uint8_t>(kind));
    out.u32(narrow<std::uint32_t>(count));
    return out;
}

Status read_session(ByteReader& in, MoveItemVisitor& visitor) {
    MovedSession session;
    session.expiry_interval_s = in.u32();
    session.protocol_version = in.u8();
    session.next_sequence = in.u64();
    session.sent_behind = in.u64();
    session.principal = as_text(in.rest());
    if (in.failed() || !is_mqtt_utf8(as_bytes(session.principal)) ||
        session.expiry_interval_s == 0) {
        return tl::unexpected(malformed("a session that moves is not valid"));
    }
    visitor.on_session(session);
    return {};
}

Status read_subscription(ByteReader& in, MoveItemVisitor& visitor) {
    MovedSubscription subscription;
    subscription.options = in.u8();
    subscription.identifier = in.u32();
    subscription.filter = as_text(in.rest());
    if (in.failed() || !is_mqtt_utf8(as_bytes(subscription.filter)) ||
        !bus::SubscriptionFilter::create(subscription.filter)) {
        return tl::unexpected(malformed("a subscription that moves is not valid"));
    }
    visitor.on_subscription(subscription);
    return {};
}

Status read_inbound(ByteReader& in, MoveItemVisitor& visitor) {
    const PacketId packet_id(in.u16());
    if (in.failed() || packet_id.value() == 0) {
        return tl::unexpected(malformed("a packet id that moves is not valid"));
    }
    visitor.on_inbound(packet_id);
    return {};
}

Status read_released(ByteReader& in, MoveItemVisitor& visitor) {
    MovedReleased released;
    released.sequence = in.u64();
    released.retain = in.u8() != 0;
    if (in.failed()) {
        return tl::unexpected(malformed("a released message is cut off"));
    }
    visitor.on_released(released);
    return {};
}

Status read_message(ByteReader& in, MoveItemVisitor& visitor) {
    MovedMessage message;
    message.sequence = in.u64();
    const std::uint8_t granted = in.u8();
    const std::uint8_t qos = in.u8();
    message.retain = in.u8() != 0;
    message.published_at = WallTime::from_ms(static_cast<std::int64_t>(in.u64()));
    message.left_ms = in.u64();
    message.source.node = in.u64();
    message.source.number = in.u64();
    message.identifiers = in.bytes(in.u16());
    message.topic = as_text(in.bytes(in.u16()));
    message.properties = in.bytes(in.u32());
    message.payload = in.rest();
    if (in.failed() || granted == 0 || granted > kQosMax || qos < granted || qos > kQosMax ||
        !is_mqtt_utf8(as_bytes(message.topic)) || !bus::TopicName::create(message.topic) ||
        !mqtt::MessageProperties::from_encoded(message.properties)) {
        return tl::unexpected(malformed("a message that moves is not valid"));
    }
    message.granted = static_cast<Qos>(granted);
    message.qos = static_cast<Qos>(qos);
    visitor.on_message(message);
    return {};
}

Status read_seen(ByteReader& in, MoveItemVisitor& visitor) {
    bus::MessageSource source;
    source.node = in.u64();
    source.number = in.u64();
    if (in.failed()) {
        return tl::unexpected(malformed("the name of a message is cut off"));
    }
    visitor.on_seen(source);
    return {};
}

Status read_item(ItemKind kind, Bytes body, MoveItemVisitor& visitor) {
    ByteReader in(body);
    switch (kind) {
        case ItemKind::Session:
            return read_session(in, visitor);
        case ItemKind::Subscription:
            return read_subscription(in, visitor);
        case ItemKind::Inbound:
            return read_inbound(in, visitor);
        case ItemKind::Released:
            return read_released(in, visitor);
        case ItemKind::Message:
            return read_message(in, visitor);
        case ItemKind::Seen:
            return read_seen(in, visitor);
    }
    return tl::unexpected(malformed("an item of a session is not known"));
}

}  // namespace

std::vector<std::uint8_t> encode_move(const MoveMessage& message) {
    std::vector<std::uint8_t> bytes(kFixedBytes + message.client_id.size() +
                                    message.principal.size() + message.body.size());
    ByteWriter out(bytes);
    out.u8(kVersion);
    out.u8(static_cast<std::uint8_t>(message.kind));
    out.u8(static_cast<std::uint8_t>(bits(message.is_clean, kClean) |
                                     bits(message.is_admin, kAdmin) |
                                     bits(message.is_last, kLast)));
    out.u8(static_cast<std::uint8_t>(message.refusal));
    out.u64(message.epoch);
    out.u64(message.number);
    out.u64(message.place);
    out.u16(narrow<std::uint16_t>(message.client_id.size()));
    out.u16(narrow<std::uint16_t>(message.principal.size()));
    out.bytes(as_bytes(message.client_id));
    out.bytes(as_bytes(message.principal));
    out.bytes(message.body);
    return bytes;
}

Result<MoveMessage> decode_move(Bytes bytes) {
    ByteReader in(bytes);
    MoveMessage message;
    const std::uint8_t version = in.u8();
    const std::uint8_t kind = in.u8();
    const std::uint8_t flags = in.u8();
    const std::uint8_t refusal = in.u8();
    message.epoch = in.u64();
    message.number = in.u64();
    message.place = in.u64();
    const std::uint16_t client_bytes = in.u16();
    const std::uint16_t principal_bytes = in.u16();
    message.client_id = as_text(in.bytes(client_bytes));
    message.principal = as_text(in.bytes(principal_bytes));
    message.body = in.rest();
    const bool is_valid =
        !in.failed() && version == kVersion && kind != 0 && kind <= kMoveKindMax &&
        refusal <= static_cast<std::uint8_t>(MoveRefusal::NotAllowed) &&
        !message.client_id.empty() && client_bytes <= kClientIdBytesMax &&
        is_mqtt_utf8(as_bytes(message.client_id)) && is_mqtt_utf8(as_bytes(message.principal));
    if (!is_valid) {
        return tl::unexpected(malformed("what a node tells of a session is not valid"));
    }
    message.kind = static_cast<MoveKind>(kind);
    message.refusal = static_cast<MoveRefusal>(refusal);
    message.is_clean = (flags & kClean) != 0;
    message.is_admin = (flags & kAdmin) != 0;
    message.is_last = (flags & kLast) != 0;
    return message;
}

std::vector<std::uint8_t> encode_routers(const std::vector<KnownRouter>& routers) {
    std::vector<std::uint8_t> body(routers.size() * kRouterBytes);
    ByteWriter out(body);
    for (const KnownRouter& router : routers) {
        out.u64(router.node.value());
        out.u8(router.is_told ? 1 : 0);
    }
    return body;
}

std::vector<KnownRouter> decode_routers(Bytes body) {
    std::vector<KnownRouter> routers(std::min(body.size() / kRouterBytes, kMoveAwayNodesMax));
    ByteReader in(body);
    for (KnownRouter& router : routers) {
        router.node = bus::PeerId(in.u64());
        router.is_told = in.u8() != 0;
    }
    return routers;
}

void MoveItems::put(const MovedSession& session) {
    ByteWriter out =
        begin_item(bytes_, ItemKind::Session, 4 + 1 + 8 + 8 + session.principal.size());
    out.u32(session.expiry_interval_s);
    out.u8(session.protocol_version);
    out.u64(session.next_sequence);
    out.u64(session.sent_behind);
    out.bytes(as_bytes(session.principal));
}

void MoveItems::put(const MovedSubscription& subscription) {
    ByteWriter out = begin_item(bytes_, ItemKind::Subscription, 1 + 4 + subscription.filter.size());
    out.u8(subscription.options);
    out.u32(subscription.identifier);
    out.bytes(as_bytes(subscription.filter));
}

void MoveItems::put_inbound(PacketId packet_id) {
    begin_item(bytes_, ItemKind::Inbound, 2).u16(packet_id.value());
}

void MoveItems::put(const MovedReleased& released) {
    ByteWriter out = begin_item(bytes_, ItemKind::Released, 8 + 1);
    out.u64(released.sequence);
    out.u8(released.retain ? 1 : 0);
}

void MoveItems::put(const MovedMessage& message) {
    constexpr std::size_t kFixed = 8 + 3 + 8 + 8 + 8 + 8 + 2 + 2 + 4;
    ByteWriter out = begin_item(bytes_, ItemKind::Message,
                                kFixed + message.identifiers.size() + message.topic.size() +
                                    message.properties.size() + message.payload.size());
    out.u64(message.sequence);
    out.u8(static_cast<std::uint8_t>(message.granted));
    out.u8(static_cast<std::uint8_t>(message.qos));
    out.u8(message.retain ? 1 : 0);
    out.u64(static_cast<std::uint64_t>(message.published_at.ms()));
    out.u64(message.left_ms);
    out.u64(message.source.node);
    out.u64(message.source.number);
    out.u16(narrow<std::uint16_t>(message.identifiers.size()));
    out.bytes(message.identifiers);
    out.u16(narrow<std::uint16_t>(message.topic.size()));
    out.bytes(as_bytes(message.topic));
    out.u32(narrow<std::uint32_t>(message.properties.size()));
    out.bytes(message.properties);
    out.bytes(message.payload);
}

void MoveItems::put_seen(const bus::MessageSource& source) {
    ByteWriter out = begin_item(bytes_, ItemKind::Seen, 8 + 8);
    out.u64(source.node);
    out.u64(source.number);
}

Result<std::size_t> read_move_items(Bytes bytes, MoveItemVisitor& visitor) {
    std::size_t used = 0;
    while (bytes.size() - used >= kItemHeadBytes) {
        ByteReader head(bytes.subspan(used));
        const std::uint8_t kind = head.u8();
        const std::size_t count = head.u32();
        if (count > kMoveItemBytesMax) {
            return fail(ErrorKind::Limit, "an item of a session is too large");
        }
        if (bytes.size() - used - kItemHeadBytes < count) {
            break;
        }
        TRY(read_item(static_cast<ItemKind>(kind), bytes.subspan(used + kItemHeadBytes, count),
                      visitor));
        used += kItemHeadBytes + count;
    }
    return used;
}

}  // namespace kith::broker

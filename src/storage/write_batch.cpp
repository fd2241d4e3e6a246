#include "storage/write_batch.h"

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/check.h"
#include "base/narrow.h"
#include "storage/limits.h"

namespace kith::storage {
namespace {

// A batch is a run of changes: one byte that names the change, then its fields in the order of the
// visitor's arguments and of the record's members; integers big-endian, text and bytes with a
// 32-bit length before them. It never leaves the process.
enum class Change : std::uint8_t {
    PutSession,
    DeleteSession,
    PutSubscription,
    DeleteSubscription,
    PutMessage,
    PutDelivery,
    SetDelivery,
    DeleteDelivery,
    PutInbound,
    DeleteInbound,
    PutRetained,
    DeleteRetained,
    PutMark,
    DeleteMark,
};

constexpr std::size_t kIdBytes = 8;
constexpr std::size_t kTimeBytes = 8;
constexpr std::size_t kTenantBytes = 4;
constexpr std::size_t kPacketIdBytes = 2;
constexpr std::size_t kKeyBytes = 3 * kIdBytes;

std::size_t field_bytes(std::size_t size) {
    return sizeof(std::uint32_t) + size;
}

/// Grows the batch by one change and writes its fields; they must fill it exactly.
class ChangeWriter {
  public:
    ChangeWriter(std::vector<std::uint8_t>& encoded, Change change, std::size_t field_bytes_total)
        : size_(1 + field_bytes_total), writer_(grow(encoded, size_)) {
        writer_.u8(static_cast<std::uint8_t>(change));
    }
    ~ChangeWriter() { CHECK(writer_.written() == size_); }
    ChangeWriter(const ChangeWriter&) = delete;
    ChangeWriter& operator=(const ChangeWriter&) = delete;

    ChangeWriter& u8(std::uint8_t value) {
        writer_.u8(value);
        return *this;
    }
    ChangeWriter& u32(std::uint32_t value) {
        writer_.u32(value);
        return *this;
    }
    ChangeWriter& u64(std::uint64_t value) {
        writer_.u64(value);
        return *this;
    }
    ChangeWriter& key(const DeliveryKey& key) {
        return id(key.session).u64(key.sequence).id(key.message);
    }
    ChangeWriter& id(SessionId id) {
        writer_.u64(id.value());
        return *this;
    }
    ChangeWriter& id(MessageId id) {
        writer_.u64(id.value());
        return *this;
    }
    ChangeWriter& id(TenantId id) {
        writer_.u32(id.value());
        return *this;
    }
    ChangeWriter& id(PacketId id) {
        writer_.u16(id.value());
        return *this;
    }
    ChangeWriter& time(WallTime time) {
        writer_.u64(static_cast<std::uint64_t>(time.ms()));
        return *this;
    }
    ChangeWriter& bytes(Bytes value) {
        writer_.u32(narrow<std::uint32_t>(value.size()));
        writer_.bytes(value);
        return *this;
    }
    ChangeWriter& text(std::string_view value) { return bytes(as_bytes(value)); }

  private:
    static MutableBytes grow(std::vector<std::uint8_t>& encoded, std::size_t bytes) {
        const std::size_t at = encoded.size();
        encoded.resize(at + bytes);
        return MutableBytes(encoded).subspan(at);
    }

    std::size_t size_;
    ByteWriter writer_;
};

SessionId session_id(ByteReader& reader) {
    return SessionId(reader.u64());
}

MessageId message_id(ByteReader& reader) {
    return MessageId(reader.u64());
}

PacketId packet_id(ByteReader& reader) {
    return PacketId(reader.u16());
}

WallTime time(ByteReader& reader) {
    return WallTime::from_ms(static_cast<std::int64_t>(reader.u64()));
}

Bytes bytes(ByteReader& reader) {
    const std::uint32_t size = reader.u32();
    return reader.bytes(size);
}

std::string_view text(ByteReader& reader) {
    return as_text(bytes(reader));
}

// Members are read in the order of their initializers, which C++ guarantees.

SessionRecord read_session(ByteReader& reader) {
    return SessionRecord{.id = session_id(reader),
                         .tenant = TenantId(reader.u32()),
                         .client_id = text(reader),
                         .principal = text(reader),
                         .session_expiry_interval_s = reader.u32(),
                         .protocol_version = reader.u8(),
                         .disconnected_at = time(reader),
                         .will = bytes(reader)};
}

SubscriptionRecord read_subscription(ByteReader& reader) {
    return SubscriptionRecord{.session = session_id(reader),
                              .filter = text(reader),
                              .options = reader.u8(),
                              .subscription_identifier = reader.u32()};
}

MessageRecord read_message(ByteReader& reader) {
    return MessageRecord{.id = message_id(reader),
                         .tenant = TenantId(reader.u32()),
                         .topic = text(reader),
                         .payload = bytes(reader),
                         .properties = bytes(reader),
                         .qos = static_cast<Qos>(reader.u8()),
                         .published_at = time(reader),
                         .expires_at = time(reader)};
}

DeliveryRecord read_delivery(ByteReader& reader) {
    return DeliveryRecord{.session = session_id(reader),
                          .sequence = reader.u64(),
                          .message = message_id(reader),
                          .qos = static_cast<Qos>(reader.u8()),
                          .retain = reader.u8() != 0,
                          .state = static_cast<DeliveryState>(reader.u8()),
                          .size_bytes = reader.u32(),
                          .expires_at = time(reader),
                          .subscription_identifiers = bytes(reader)};
}

DeliveryKey read_key(ByteReader& reader) {
    return DeliveryKey{
        .session = session_id(reader), .sequence = reader.u64(), .message = message_id(reader)};
}

RetainedRecord read_retained(ByteReader& reader) {
    return RetainedRecord{.tenant = TenantId(reader.u32()),
                          .topic = text(reader),
                          .payload = bytes(reader),
                          .properties = bytes(reader),
                          .qos = static_cast<Qos>(reader.u8()),
                          .published_at = time(reader),
                          .expires_at = time(reader)};
}

void replay(Change change, ByteReader& reader, BatchVisitor& visitor) {
    switch (change) {
        case Change::PutSession:
            return visitor.put_session(read_session(reader));
        case Change::DeleteSession:
            return visitor.delete_session(session_id(reader));
        case Change::PutSubscription:
            return visitor.put_subscription(read_subscription(reader));
        case Change::DeleteSubscription: {
            const SessionId session = session_id(reader);
            return visitor.delete_subscription(session, text(reader));
        }
        case Change::PutMessage:
            return visitor.put_message(read_message(reader));
        case Change::PutDelivery:
            return visitor.put_delivery(read_delivery(reader));
        case Change::SetDelivery: {
            const DeliveryKey key = read_key(reader);
            return visitor.set_delivery(key, static_cast<DeliveryState>(reader.u8()));
        }
        case Change::DeleteDelivery:
            return visitor.delete_delivery(read_key(reader));
        case Change::PutInbound: {
            const SessionId session = session_id(reader);
            return visitor.put_inbound(session, packet_id(reader));
        }
        case Change::DeleteInbound: {
            const SessionId session = session_id(reader);
            return visitor.delete_inbound(session, packet_id(reader));
        }
        case Change::PutRetained:
            return visitor.put_retained(read_retained(reader));
        case Change::DeleteRetained: {
            const TenantId tenant(reader.u32());
            return visitor.delete_retained(tenant, text(reader));
        }
        case Change::PutMark: {
            const Bytes key = bytes(reader);
            return visitor.put_mark({.key = key, .value = bytes(reader)});
        }
        case Change::DeleteMark:
            return visitor.delete_mark(bytes(reader));
    }
    CHECK_TEXT(false, "a batch holds a change that nobody wrote");
}

void check_key(Bytes key) {
    CHECK(!key.empty());
    CHECK(key.size() <= kMarkKeyBytesMax);
}

}  // namespace

void WriteBatch::visit(BatchVisitor& visitor) const {
    ByteReader reader(encoded_);
    for (std::size_t i = 0; i < change_count_; ++i) {
        replay(static_cast<Change>(reader.u8()), reader, visitor);
        CHECK(!reader.failed());
    }
    CHECK(reader.at_end());
}

void WriteBatch::put_session(const SessionRecord& session) {
    ++change_count_;
    ChangeWriter(encoded_, Change::PutSession,
                 kIdBytes + kTenantBytes + field_bytes(session.client_id.size()) +
                     field_bytes(session.principal.size()) + 4 + 1 + kTimeBytes +
                     field_bytes(session.will.size()))
        .id(session.id)
        .id(session.tenant)
        .text(session.client_id)
        .text(session.principal)
        .u32(session.session_expiry_interval_s)
        .u8(session.protocol_version)
        .time(session.disconnected_at)
        .bytes(session.will);
}

void WriteBatch::delete_session(SessionId session) {
    ++change_count_;
    ChangeWriter(encoded_, Change::DeleteSession, kIdBytes).id(session);
}

void WriteBatch::put_subscription(const SubscriptionRecord& subscription) {
    ++change_count_;
    ChangeWriter(encoded_, Change::PutSubscription,
                 kIdBytes + field_bytes(subscription.filter.size()) + 1 + 4)
        .id(subscription.session)
        .text(subscription.filter)
        .u8(subscription.options)
        .u32(subscription.subscription_identifier);
}

void WriteBatch::delete_subscription(SessionId session, std::string_view filter) {
    ++change_count_;
    ChangeWriter(encoded_, Change::DeleteSubscription, kIdBytes + field_bytes(filter.size()))
        .id(session)
        .text(filter);
}

void WriteBatch::put_message(const MessageRecord& message) {
    ++change_count_;
    ChangeWriter(encoded_, Change::PutMessage,
                 kIdBytes + kTenantBytes + field_bytes(message.topic.size()) +
                     field_bytes(message.payload.size()) + field_bytes(message.properties.size()) +
                     1 + 2 * kTimeBytes)
        .id(message.id)
        .id(message.tenant)
        .text(message.topic)
        .bytes(message.payload)
        .bytes(message.properties)
        .u8(static_cast<std::uint8_t>(message.qos))
        .time(message.published_at)
        .time(message.expires_at);
}

void WriteBatch::put_delivery(const DeliveryRecord& delivery) {
    ++change_count_;
    ChangeWriter(
        encoded_, Change::PutDelivery,
        kKeyBytes + 3 + 4 + kTimeBytes + field_bytes(delivery.subscription_identifiers.size()))
        .id(delivery.session)
        .u64(delivery.sequence)
        .id(delivery.message)
        .u8(static_cast<std::uint8_t>(delivery.qos))
        .u8(delivery.retain ? 1 : 0)
        .u8(static_cast<std::uint8_t>(delivery.state))
        .u32(delivery.size_bytes)
        .time(delivery.expires_at)
        .bytes(delivery.subscription_identifiers);
}

void WriteBatch::set_delivery(const DeliveryKey& delivery, DeliveryState state) {
    ++change_count_;
    ChangeWriter(encoded_, Change::SetDelivery, kKeyBytes + 1)
        .key(delivery)
        .u8(static_cast<std::uint8_t>(state));
}

void WriteBatch::delete_delivery(const DeliveryKey& delivery) {
    ++change_count_;
    ChangeWriter(encoded_, Change::DeleteDelivery, kKeyBytes).key(delivery);
}

void WriteBatch::put_inbound(SessionId session, PacketId packet_id) {
    ++change_count_;
    ChangeWriter(encoded_, Change::PutInbound, kIdBytes + kPacketIdBytes).id(session).id(packet_id);
}

void WriteBatch::delete_inbound(SessionId session, PacketId packet_id) {
    ++change_count_;
    ChangeWriter(encoded_, Change::DeleteInbound, kIdBytes + kPacketIdBytes)
        .id(session)
        .id(packet_id);
}

void WriteBatch::put_retained(const RetainedRecord& retained) {
    ++change_count_;
    ChangeWriter(encoded_, Change::PutRetained,
                 kTenantBytes + field_bytes(retained.topic.size()) +
                     field_bytes(retained.payload.size()) +
                     field_bytes(retained.properties.size()) + 1 + 2 * kTimeBytes)
        .id(retained.tenant)
        .text(retained.topic)
        .bytes(retained.payload)
        .bytes(retained.properties)
        .u8(static_cast<std::uint8_t>(retained.qos))
        .time(retained.published_at)
        .time(retained.expires_at);
}

void WriteBatch::delete_retained(TenantId tenant, std::string_view topic) {
    ++change_count_;
    ChangeWriter(encoded_, Change::DeleteRetained, kTenantBytes + field_bytes(topic.size()))
        .id(tenant)
        .text(topic);
}

void WriteBatch::put_mark(const MarkRecord& mark) {
    check_key(mark.key);
    CHECK(mark.value.size() <= kMarkValueBytesMax);
    ++change_count_;
    ChangeWriter(encoded_, Change::PutMark,
                 field_bytes(mark.key.size()) + field_bytes(mark.value.size()))
        .bytes(mark.key)
        .bytes(mark.value);
}

void WriteBatch::delete_mark(Bytes key) {
    check_key(key);
    ++change_count_;
    ChangeWriter(encoded_, Change::DeleteMark, field_bytes(key.size())).bytes(key);
}

void WriteBatch::clear() {
    encoded_.clear();
    change_count_ = 0;
    if (encoded_.capacity() > kBatchKeptBytesMax) {
        encoded_.shrink_to_fit();
    }
}

}  // namespace kith::storage

#include "broker/detail/shard_link.h"

#include <cstring>
#include <type_traits>

#include "base/check.h"
#include "base/narrow.h"

namespace kith::broker {
namespace {

// Memory kept for the next turns: enough for steady traffic, not for the last burst.
constexpr std::size_t kIdleBuffersMax = 4;
constexpr std::size_t kIdleBufferBytesMax = 256 * 1024;

/// What every record about a message has behind its header.
struct MessageFixed {
    SessionId publisher;
    WallTime published_at;
    WallTime expires_at;
    TenantId tenant;
    std::uint32_t properties_bytes = 0;
    std::uint32_t payload_bytes = 0;
    std::uint16_t topic_bytes = 0;
    std::uint16_t trace = 0;
    Qos qos = Qos::AtMostOnce;
    bool retain : 1 = false;
    bool is_from_mesh : 1 = false;
    bool for_all : 1 = true;
    std::uint16_t group_bytes = 0;  // of its audience
};

/// Of a Deliver record: nearly all of what passes between shards has no more.
struct DeliverFixed {
    MessageId id;
    MessageFixed message;
    ShardId coordinator;
};
struct OtherFixed {
    MessageHeader header;
    MessageFixed message;
};
static_assert(sizeof(DeliverFixed) <= 64, "copied twice for each message");

struct RowsFixed {
    RowsHeader header;
    std::uint32_t row_count = 0;
};

struct RowFixed {
    SessionId session;
    std::uint64_t sequence = 0;
    Qos qos = Qos::AtLeastOnce;
    bool retain = false;
    std::uint32_t name_place = 0;
    std::uint32_t identifier_bytes = 0;
};

struct SettledFixed {
    PublishOrigin origin;
    std::uint32_t receiver_count = 0;
    Settlement settlement = Settlement::Accepted;
};

template <typename T>
void put(std::vector<std::uint8_t>& buffer, const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
    buffer.insert(buffer.end(), bytes, bytes + sizeof(T));
}

void put(std::vector<std::uint8_t>& buffer, Bytes bytes) {
    buffer.insert(buffer.end(), bytes.begin(), bytes.end());
}

MessageFixed fixed_of(const bus::Message& message) {
    return {.publisher = message.publisher,
            .published_at = message.published_at,
            .expires_at = message.expires_at,
            .tenant = message.tenant,
            .properties_bytes = narrow<std::uint32_t>(message.properties.size()),
            .payload_bytes = narrow<std::uint32_t>(message.payload.size()),
            .topic_bytes = narrow<std::uint16_t>(message.topic.text().size()),
            .trace = message.trace,
            .qos = message.qos,
            .retain = message.retain,
            .is_from_mesh = message.audience.is_from_mesh,
            .for_all = message.audience.for_all,
            .group_bytes = narrow<std::uint16_t>(message.audience.groups.size())};
}

std::uint8_t* copy_to(std::uint8_t* at, const void* bytes, std::size_t count) {
    if (count != 0) {
        std::memcpy(at, bytes, count);
    }
    return at + count;
}

/// What another node has published has a name that this one did not give it.
std::size_t source_bytes(const bus::Message& message) {
    return message.audience.is_from_mesh ? sizeof(bus::MessageSource) : 0;
}

/// A kind, a fixed part and the bytes of a message; the buffer grows once.
template <typename Fixed>
void append_record(std::vector<std::uint8_t>& buffer, RecordKind kind, const Fixed& fixed,
                   const bus::Message& message) {
    static_assert(std::is_trivially_copyable_v<Fixed>);
    const std::string_view topic = message.topic.text();
    const std::size_t before = buffer.size();
    buffer.resize(before + sizeof(kind) + sizeof(fixed) + topic.size() + message.properties.size() +
                  message.payload.size() + source_bytes(message) + message.audience.groups.size());
    std::uint8_t* at = buffer.data() + before;
    at = copy_to(at, &kind, sizeof(kind));
    at = copy_to(at, &fixed, sizeof(fixed));
    at = copy_to(at, topic.data(), topic.size());
    at = copy_to(at, message.properties.data(), message.properties.size());
    at = copy_to(at, message.payload.data(), message.payload.size());
    at = copy_to(at, &message.audience.source, source_bytes(message));
    copy_to(at, message.audience.groups.data(), message.audience.groups.size());
}

/// Reads what put() wrote; the two sides are one program, so a mismatch is a broken invariant.
class RecordReader {
  public:
    explicit RecordReader(Bytes bytes) : rest_(bytes) {}
    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    template <typename T>
    [[nodiscard]] T get() {
        static_assert(std::is_trivially_copyable_v<T>);
        T value;
        std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
        return value;
    }
    [[nodiscard]] Bytes take(std::size_t count) {
        CHECK(rest_.size() >= count);
        const Bytes taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }

  private:
    Bytes rest_;
};

/// Behind a fixed part stand topic, properties, payload, and the source and groups of the audience.
bus::Message read_message(const MessageFixed& fixed, RecordReader& reader) {
    const Bytes topic = reader.take(fixed.topic_bytes);
    const Bytes properties = reader.take(fixed.properties_bytes);
    const Bytes payload = reader.take(fixed.payload_bytes);
    const auto source =
        fixed.is_from_mesh ? reader.get<bus::MessageSource>() : bus::MessageSource{};
    const Bytes groups = reader.take(fixed.group_bytes);
    return {.tenant = fixed.tenant,
            .topic = bus::TopicName::trusted(as_text(topic)),
            .payload = payload,
            .properties = properties,
            .qos = fixed.qos,
            .retain = fixed.retain,
            .trace = fixed.trace,
            .publisher = fixed.publisher,
            .published_at = fixed.published_at,
            .expires_at = fixed.expires_at,
            .audience = {.is_from_mesh = fixed.is_from_mesh,
                         .for_all = fixed.for_all,
                         .source = source,
                         .groups = groups}};
}

void read_deliver(ShardId from, RecordReader& reader, LinkReceiver& receiver) {
    const auto fixed = reader.get<DeliverFixed>();
    receiver.on_message_record(
        from, {.kind = RecordKind::Deliver, .id = fixed.id, .coordinator = fixed.coordinator},
        read_message(fixed.message, reader));
}

void read_other(ShardId from, RecordReader& reader, LinkReceiver& receiver) {
    const auto fixed = reader.get<OtherFixed>();
    receiver.on_message_record(from, fixed.header, read_message(fixed.message, reader));
}

void read_rows(ShardId from, RecordReader& reader, LinkReceiver& receiver) {
    const auto fixed = reader.get<RowsFixed>();
    std::vector<DeliveryRow> rows(fixed.row_count);
    for (DeliveryRow& row : rows) {
        const auto row_fixed = reader.get<RowFixed>();
        const Bytes identifiers = reader.take(row_fixed.identifier_bytes);
        row.session = row_fixed.session;
        row.sequence = row_fixed.sequence;
        row.qos = row_fixed.qos;
        row.retain = row_fixed.retain;
        row.name_place = row_fixed.name_place;
        row.identifiers.assign(identifiers.begin(), identifiers.end());
    }
    receiver.on_rows_record(from, fixed.header, std::move(rows));
}

}  // namespace

void ShardLink::append_message(const MessageHeader& header, const bus::Message& message) {
    const MessageFixed fixed = fixed_of(message);
    if (header.kind == RecordKind::Deliver) [[likely]] {
        append_record(
            buffer_, header.kind,
            DeliverFixed{.id = header.id, .message = fixed, .coordinator = header.coordinator},
            message);
    } else {
        append_record(buffer_, header.kind, OtherFixed{.header = header, .message = fixed},
                      message);
    }
}

void ShardLink::append_rows(const RowsHeader& header, std::span<const DeliveryRow> rows) {
    put(buffer_, RecordKind::Rows);
    put(buffer_, RowsFixed{.header = header, .row_count = narrow<std::uint32_t>(rows.size())});
    for (const DeliveryRow& row : rows) {
        put(buffer_, RowFixed{.session = row.session,
                              .sequence = row.sequence,
                              .qos = row.qos,
                              .retain = row.retain,
                              .name_place = row.name_place,
                              .identifier_bytes = narrow<std::uint32_t>(row.identifiers.size())});
        put(buffer_, Bytes(row.identifiers.data(), row.identifiers.size()));
    }
}

void ShardLink::append_committed(MessageId id) {
    put(buffer_, RecordKind::Committed);
    put(buffer_, id);
}

void ShardLink::append_settled(const PublishOrigin& origin, Settlement settlement,
                               std::uint32_t receiver_count) {
    put(buffer_, RecordKind::Settled);
    put(buffer_,
        SettledFixed{.origin = origin, .receiver_count = receiver_count, .settlement = settlement});
}

void ShardLink::append_route_done(TopicEntry* routed_topic) {
    put(buffer_, RecordKind::RouteDone);
    put(buffer_, routed_topic);
}

std::vector<std::uint8_t> ShardLink::take(std::uint64_t flush) {
    std::vector<std::uint8_t> full = std::move(buffer_);
    buffer_.clear();
    if (!idle_buffers_.empty()) {
        buffer_ = std::move(idle_buffers_.back());
        idle_buffers_.pop_back();
    }
    bytes_under_way_ += full.size();
    unread_.push_back(flush);
    return full;
}

void ShardLink::give_back(std::vector<std::uint8_t> buffer) {
    CHECK(bytes_under_way_ >= buffer.size());
    bytes_under_way_ -= buffer.size();
    CHECK(!unread_.empty());
    unread_.erase(unread_.begin());
    if (idle_buffers_.size() < kIdleBuffersMax && buffer.capacity() <= kIdleBufferBytesMax) {
        buffer.clear();
        idle_buffers_.push_back(std::move(buffer));
    }
}

void read_records(ShardId from, std::vector<std::uint8_t> buffer, LinkReceiver& receiver) {
    RecordReader reader(buffer);
    while (!reader.at_end()) {
        switch (reader.get<RecordKind>()) {
            case RecordKind::Deliver:
                read_deliver(from, reader, receiver);
                break;
            case RecordKind::Direct:
            case RecordKind::Snapshot:
            case RecordKind::Return:
            case RecordKind::Route:
                read_other(from, reader, receiver);
                break;
            case RecordKind::Rows:
                read_rows(from, reader, receiver);
                break;
            case RecordKind::Committed:
                receiver.on_committed_record(reader.get<MessageId>());
                break;
            case RecordKind::Settled: {
                const auto fixed = reader.get<SettledFixed>();
                receiver.on_settled_record(fixed.origin, fixed.settlement, fixed.receiver_count);
                break;
            }
            case RecordKind::RouteDone:
                receiver.on_route_done_record(reader.get<TopicEntry*>());
                break;
        }
    }
    receiver.on_link_mail_done(from, std::move(buffer));
}

}  // namespace kith::broker

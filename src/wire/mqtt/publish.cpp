// PUBLISH (MQTT 5.0, section 3.3; MQTT 3.1.1, section 3.3).
//
//     flags:  DUP  QoS QoS  RETAIN
//     | topic name | packet identifier (QoS 1 and 2) | properties (5.0) | payload ... |
//
// The hot path of the whole platform: no allocation, few branches, nothing copied.
#include "base/check.h"
#include "wire/mqtt/decoder.h"
#include "wire/mqtt/detail/packet_writer.h"
#include "wire/mqtt/detail/property_block.h"
#include "wire/mqtt/detail/topic_name.h"
#include "wire/mqtt/encoder.h"

namespace kith::mqtt {
namespace {

using detail::malformed;
using detail::PacketReader;
using detail::PropertyBlock;
using detail::PropertySet;
using detail::protocol_error;

constexpr std::uint8_t kRetainFlag = 0x01;
constexpr std::uint8_t kQosShift = 1;
constexpr std::uint8_t kDupFlag = 0x08;

constexpr PropertySet kPublishProperties{
    PropertyId::PayloadFormatIndicator, PropertyId::MessageExpiryInterval, PropertyId::TopicAlias,
    PropertyId::ResponseTopic,          PropertyId::CorrelationData,       PropertyId::UserProperty,
    PropertyId::SubscriptionIdentifier, PropertyId::ContentType,
};

Error topic_error(Bytes topic) {
    if (!is_mqtt_utf8(topic)) {  // [MQTT-3.3.2-1]
        return malformed("topic name is not valid UTF-8");
    }
    return protocol_error("topic name contains a wildcard",  // [MQTT-3.3.2-2]
                          ReasonCode::TopicNameInvalid);
}

void take_properties(Publish& packet, const PropertyBlock& properties) {
    packet.message_expiry_interval =
        properties.number<std::uint32_t>(PropertyId::MessageExpiryInterval);
    packet.topic_alias = properties.number<std::uint16_t>(PropertyId::TopicAlias);
    packet.properties.encoded = properties.encoded_run();
}

}  // namespace

Result<Publish> Decoder::decode_publish(const Frame& frame) {
    DCHECK(frame.type() == PacketType::Publish);
    Result<Publish> result;
    if (const Status status = read_publish(frame, *result); !status) [[unlikely]] {
        result = tl::unexpected(status.error());
    }
    return result;
}

Status Decoder::read_publish(const Frame& frame, Publish& packet) {
    const unsigned flags = frame.flags();
    const unsigned qos = (flags >> kQosShift) & 3U;
    if (qos == 3) [[unlikely]] {  // [MQTT-3.3.1-4]
        return tl::unexpected(malformed("QoS is 3"));
    }
    packet.dup = (flags & kDupFlag) != 0;
    if (packet.dup && qos == 0) [[unlikely]] {  // [MQTT-3.3.1-2]
        return tl::unexpected(malformed("DUP with QoS 0"));
    }
    packet.qos = static_cast<Qos>(qos);
    packet.retain = (flags & kRetainFlag) != 0;

    PacketReader reader(frame.body);
    const Bytes topic = reader.binary();
    packet.topic = as_text(topic);
    if (!detail::is_topic_name(topic)) [[unlikely]] {
        return tl::unexpected(topic_error(topic));
    }
    if (qos != 0) {
        packet.packet_id = reader.packet_id();
    }
    if (version_ == Version::V5) {
        const Bytes rest = reader.rest();
        if (!rest.empty() && rest[0] == 0) [[likely]] {
            (void)reader.u8();  // no properties
        } else {
            reset_scratches();
            take_properties(packet,
                            PropertyBlock(reader, property_scratch_,
                                          {.allowed = kPublishProperties,
                                           .kept_encoded = detail::kForwardedProperties,
                                           .subscription_identifiers = &identifier_scratch_}));
            packet.subscription_identifiers = identifier_scratch_;
        }
    }
    TRY(reader.status());
    if (sender_ == Sender::Client && !packet.subscription_identifiers.empty()) [[unlikely]] {
        // [MQTT-3.3.4-6]
        return tl::unexpected(protocol_error("subscription identifier from a client"));
    }
    if (topic.empty() && !packet.topic_alias) [[unlikely]] {
        return tl::unexpected(protocol_error("topic name is empty and no alias stands for it"));
    }
    packet.payload = reader.rest();
    return {};
}

namespace {

struct PublishBytes {
    std::uint32_t properties = 0;  // without their length
    std::uint32_t remaining = 0;   // everything after the fixed header
};

template <typename Out>
void put_properties(Out& out, const Publish& packet) {
    detail::put_number(out, PropertyId::MessageExpiryInterval, packet.message_expiry_interval);
    detail::put_number(out, PropertyId::TopicAlias, packet.topic_alias);
    for (const std::uint32_t identifier : packet.subscription_identifiers) {
        detail::put_number(out, PropertyId::SubscriptionIdentifier, std::optional(identifier));
    }
    out.bytes(packet.properties.encoded);
}

PublishBytes measure(const Publish& packet, Version version) {
    PublishBytes sizes;
    std::size_t remaining = 2 + packet.topic.size() + packet.payload.size();
    if (packet.qos != Qos::AtMostOnce) {
        remaining += 2;
    }
    if (version == Version::V5) {
        sizes.properties =
            detail::count_bytes([&packet](auto& out) { put_properties(out, packet); });
        remaining += variable_byte_integer_bytes(sizes.properties) + sizes.properties;
    }
    sizes.remaining = narrow<std::uint32_t>(remaining);
    return sizes;
}

std::uint8_t publish_flags(const Publish& packet) {
    const unsigned dup = packet.dup ? kDupFlag : 0U;
    const unsigned qos = static_cast<unsigned>(packet.qos) << kQosShift;
    const unsigned retain = packet.retain ? kRetainFlag : 0U;
    return static_cast<std::uint8_t>(dup | qos | retain);
}

}  // namespace

std::size_t encoded_bytes(const Publish& packet, Version version) {
    const PublishBytes sizes = measure(packet, version);
    return 1 + variable_byte_integer_bytes(sizes.remaining) + sizes.remaining;
}

std::size_t encoded_head_bytes(const Publish& packet, Version version) {
    return encoded_bytes(packet, version) - packet.payload.size();
}

PublishHead encode_head(const Publish& packet, Version version, ByteWriter& writer) {
    CHECK(!packet.dup || packet.qos != Qos::AtMostOnce);  // [MQTT-3.3.1-2]
    CHECK(!packet.topic.empty() || (version == Version::V5 && packet.topic_alias));
    const std::size_t begin = writer.written();
    const PublishBytes sizes = measure(packet, version);
    PublishHead head;
    writer.u8(detail::first_byte(PacketType::Publish, publish_flags(packet)));
    put_variable_byte_integer(writer, sizes.remaining);
    detail::put_utf8(writer, packet.topic);
    if (packet.qos != Qos::AtMostOnce) {
        head.packet_id_offset = writer.written() - begin;
        detail::put_packet_id(writer, packet.packet_id);
    }
    if (version == Version::V5) {
        put_variable_byte_integer(writer, sizes.properties);
        put_properties(writer, packet);
    }
    head.bytes = writer.written() - begin;
    return head;
}

void encode(const Publish& packet, Version version, ByteWriter& writer) {
    (void)encode_head(packet, version, writer);
    writer.bytes(packet.payload);
}

}  // namespace kith::mqtt

// SUBSCRIBE (MQTT 5.0, section 3.8; MQTT 3.1.1, section 3.8).
//
//     | packet identifier | properties (5.0) | topic filter | options | topic filter | options |
//     ...
//
//     options:    7 6        5 4              3                    2         1 0
//                 reserved   retain handling  retain as published  no local  maximum QoS
//     In MQTT 3.x the upper six bits are reserved.
#include "wire/mqtt/decoder.h"
#include "wire/mqtt/detail/packet_writer.h"
#include "wire/mqtt/detail/property_block.h"
#include "wire/mqtt/encoder.h"

namespace kith::mqtt {
namespace {

using detail::malformed;
using detail::PacketReader;
using detail::PropertyBlock;
using detail::PropertySet;
using detail::protocol_error;

constexpr std::uint8_t kNoLocalFlag = 0x04;
constexpr std::uint8_t kRetainAsPublishedFlag = 0x08;
constexpr std::uint8_t kRetainHandlingShift = 4;

constexpr PropertySet kSubscribeProperties{
    PropertyId::SubscriptionIdentifier,
    PropertyId::UserProperty,
};

Status read_options(Subscription& subscription, std::uint8_t options, Version version) {
    const unsigned reserved = version == Version::V5 ? 0xC0 : 0xFC;
    if ((options & reserved) != 0) {  // [MQTT-3.8.3-5]
        return tl::unexpected(malformed("reserved bits of the subscription options are set"));
    }
    const unsigned qos = options & 3U;
    if (qos == 3) {
        return tl::unexpected(protocol_error("maximum QoS of a subscription is 3"));
    }
    const unsigned retain_handling = (options >> kRetainHandlingShift) & 3U;
    if (retain_handling == 3) {
        return tl::unexpected(protocol_error("retain handling of a subscription is 3"));
    }
    subscription.maximum_qos = static_cast<Qos>(qos);
    subscription.no_local = (options & kNoLocalFlag) != 0;
    subscription.retain_as_published = (options & kRetainAsPublishedFlag) != 0;
    subscription.retain_handling = static_cast<RetainHandling>(retain_handling);
    return {};
}

std::uint8_t subscription_options(const Subscription& subscription, Version version) {
    const auto qos = static_cast<unsigned>(subscription.maximum_qos);
    if (version != Version::V5) {
        return static_cast<std::uint8_t>(qos);
    }
    const unsigned no_local = subscription.no_local ? kNoLocalFlag : 0U;
    const unsigned as_published = subscription.retain_as_published ? kRetainAsPublishedFlag : 0U;
    const unsigned handling = static_cast<unsigned>(subscription.retain_handling)
                              << kRetainHandlingShift;
    return static_cast<std::uint8_t>(qos | no_local | as_published | handling);
}

}  // namespace

Result<Subscribe> Decoder::decode_subscribe(const Frame& frame) {
    PacketReader reader(frame.body);
    Subscribe packet;
    packet.packet_id = reader.packet_id();
    if (version_ == Version::V5) {
        const PropertyBlock properties(reader, property_scratch_,
                                       {.allowed = kSubscribeProperties});
        packet.subscription_identifier =
            properties.number<std::uint32_t>(PropertyId::SubscriptionIdentifier);
        packet.user_properties = UserProperties(properties.encoded_run());
    }
    TRY(reader.status());
    if (reader.at_end()) {  // [MQTT-3.8.3-2]
        return tl::unexpected(protocol_error("SUBSCRIBE without a topic filter"));
    }
    while (!reader.at_end()) {  // every turn takes three bytes at least
        Subscription subscription;
        subscription.filter = reader.utf8("topic filter is not valid UTF-8");  // [MQTT-3.8.3-1]
        const std::uint8_t options = reader.u8();
        TRY(reader.status());
        if (subscription.filter.empty()) {  // [MQTT-4.7.3-1]
            return tl::unexpected(malformed("topic filter is empty"));
        }
        TRY(read_options(subscription, options, version_));
        subscription_scratch_.push_back(subscription);
    }
    packet.subscriptions = subscription_scratch_;
    return packet;
}

namespace {

template <typename Out>
void put_body(Out& out, const Subscribe& packet, Version version) {
    detail::put_packet_id(out, packet.packet_id);
    if (version == Version::V5) {
        detail::put_property_block(out, [&packet](auto& block) {
            detail::put_number(block, PropertyId::SubscriptionIdentifier,
                               packet.subscription_identifier);
            block.bytes(packet.user_properties.encoded());
        });
    }
    for (const Subscription& subscription : packet.subscriptions) {
        detail::put_utf8(out, subscription.filter);
        out.u8(subscription_options(subscription, version));
    }
}

}  // namespace

std::size_t encoded_bytes(const Subscribe& packet, Version version) {
    return detail::packet_bytes([&](auto& out) { put_body(out, packet, version); });
}

void encode(const Subscribe& packet, Version version, ByteWriter& writer) {
    CHECK(!packet.subscriptions.empty());  // [MQTT-3.8.3-2]
    detail::put_packet(writer, detail::first_byte(PacketType::Subscribe, 0b0010),
                       [&](auto& out) { put_body(out, packet, version); });
}

}  // namespace kith::mqtt

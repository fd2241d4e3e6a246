#include "wire/mqtt/decoder.h"

#include "base/check.h"
#include "wire/mqtt/detail/errors.h"
#include "wire/mqtt/limits.h"

namespace kith::mqtt {
namespace {

using detail::malformed;
using detail::protocol_error;

/// What the standard fixes about the first byte of a packet type (MQTT 5.0, tables 2-1 and 2-2).
struct HeaderRule {
    bool from_client;
    bool from_server;
    std::uint8_t flags;  // PUBLISH alone has flags of its own
};

HeaderRule header_rule(PacketType type) {
    switch (type) {
        case PacketType::Connect:
        case PacketType::Pingreq:
            return {.from_client = true, .from_server = false, .flags = 0};
        case PacketType::Subscribe:
        case PacketType::Unsubscribe:
            return {.from_client = true, .from_server = false, .flags = 0b0010};
        case PacketType::Connack:
        case PacketType::Suback:
        case PacketType::Unsuback:
        case PacketType::Pingresp:
            return {.from_client = false, .from_server = true, .flags = 0};
        case PacketType::Pubrel:
            return {.from_client = true, .from_server = true, .flags = 0b0010};
        case PacketType::Publish:
        case PacketType::Puback:
        case PacketType::Pubrec:
        case PacketType::Pubcomp:
        case PacketType::Disconnect:
        case PacketType::Auth:
            return {.from_client = true, .from_server = true, .flags = 0};
    }
    return {.from_client = false, .from_server = false, .flags = 0};  // 0 is no packet type
}

/// MQTT 3.1 sets DUP on a SUBSCRIBE, UNSUBSCRIBE or PUBREL that is sent again (3.1, section 2.1).
constexpr std::uint8_t kDup = 0b1000;

template <typename Scratch>
void reset(Scratch& scratch) {
    scratch.clear();
    if (scratch.capacity() * sizeof(typename Scratch::value_type) > limits::kScratchBytesKept) {
        scratch.shrink_to_fit();
    }
}

template <typename T>
Result<Packet> decode_empty(const Frame& frame) {
    if (!frame.body.empty()) {
        return tl::unexpected(malformed("packet is longer than its fields"));
    }
    return T{};
}

}  // namespace

Result<Packet> Decoder::decode(const Frame& frame) {
    TRY(check_header(frame));
    reset_scratches();
    switch (frame.type()) {
        case PacketType::Connect:
            return decode_connect(frame);
        case PacketType::Connack:
            return decode_connack(frame);
        case PacketType::Publish:
            return decode_publish(frame);
        case PacketType::Puback:
        case PacketType::Pubrec:
        case PacketType::Pubrel:
        case PacketType::Pubcomp:
            return decode_acknowledgement(frame);
        case PacketType::Subscribe:
            return decode_subscribe(frame);
        case PacketType::Suback:
            return decode_suback(frame);
        case PacketType::Unsubscribe:
            return decode_unsubscribe(frame);
        case PacketType::Unsuback:
            return decode_unsuback(frame);
        case PacketType::Pingreq:
            return decode_empty<Pingreq>(frame);
        case PacketType::Pingresp:
            return decode_empty<Pingresp>(frame);
        case PacketType::Disconnect:
            return decode_disconnect(frame);
        case PacketType::Auth:
            return decode_auth(frame);
    }
    CHECK_TEXT(false, "check_header() lets only packet types pass");
    return tl::unexpected(malformed("packet type is reserved"));
}

Status Decoder::check_header(const Frame& frame) const {
    const PacketType type = frame.type();
    const HeaderRule rule = header_rule(type);
    const bool is_v5 = version_ == Version::V5;
    if (!(rule.from_client || rule.from_server) || (type == PacketType::Auth && !is_v5)) {
        return tl::unexpected(malformed("packet type is reserved"));
    }
    // A server of MQTT 3.x just closes.
    const bool client_only = type == PacketType::Disconnect && !is_v5;
    const bool right_way =
        sender_ == Sender::Client ? rule.from_client : rule.from_server && !client_only;
    if (!right_way) {
        return tl::unexpected(protocol_error("packet type is for the other direction"));
    }
    if (type == PacketType::Publish) {
        return {};
    }
    std::uint8_t flags = frame.flags();
    if (version_ == Version::V31 && rule.flags != 0) {
        flags &= static_cast<std::uint8_t>(~kDup);
    }
    // [MQTT-2.1.3-1], [MQTT-3.6.1-1], [MQTT-3.8.1-1], [MQTT-3.10.1-1], [MQTT-3.14.1-1],
    // [MQTT-3.15.1-1].
    if (flags != rule.flags) {
        return tl::unexpected(malformed("reserved flags of the fixed header are wrong"));
    }
    return {};
}

void Decoder::reset_scratches() {
    reset(property_scratch_);
    reset(will_scratch_);
    reset(subscription_scratch_);
    reset(filter_scratch_);
    reset(reason_scratch_);
    reset(identifier_scratch_);
}

}  // namespace kith::mqtt

#include "broker/detail/fanout.h"

#include <algorithm>

#include "runtime/limits.h"
#include "wire/mqtt/encoder.h"

namespace kith::broker {

std::optional<std::uint32_t> remaining_expiry_s(WallTime expires_at, WallTime now) {
    if (expires_at.ms() == 0) {
        return std::nullopt;
    }
    const std::int64_t left_ms = std::max<std::int64_t>((expires_at - now).count(), 0);
    return static_cast<std::uint32_t>(std::min<std::int64_t>((left_ms + 999) / 1000, 0xFFFF'FFFF));
}

EncodedPublish Fanout::encoded(mqtt::Version version, bool retain) {
    const bool has_properties = version == mqtt::Version::V5;
    const std::size_t form = (has_properties ? 2U : 0U) + (retain ? 1U : 0U);
    const bool is_large = message_->payload.size() >= runtime::kReferenceBytesMin;
    std::vector<std::uint8_t>& buffer = buffers_->forms_[form];
    if (!is_encoded_[form]) {
        const mqtt::Publish packet{
            .retain = retain,
            .topic = message_->topic.text(),
            .payload = message_->payload,
            .message_expiry_interval = remaining_expiry_s(message_->expires_at, now_),
            .properties = {message_->properties}};
        buffer.resize(is_large ? mqtt::encoded_head_bytes(packet, version)
                               : mqtt::encoded_bytes(packet, version));
        ByteWriter writer(buffer);
        if (is_large) {
            mqtt::encode_head(packet, version, writer);
        } else {
            mqtt::encode(packet, version, writer);
        }
        is_encoded_[form] = true;
    }
    if (is_large && shared_payload_.empty()) {
        shared_payload_ = SharedBytes::copy_of(message_->payload);
    }
    return {.head = buffer, .payload = is_large ? &shared_payload_ : nullptr};
}

}  // namespace kith::broker

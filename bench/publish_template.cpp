#include "bench/publish_template.h"

#include "base/check.h"
#include "bench/publish_block.h"

namespace kith::bench {
namespace {

constexpr std::size_t kIdBytes = 2;

/// Writes `value` to `bytes`, big-endian.
void put(MutableBytes bytes, std::uint64_t value) {
    for (std::size_t i = bytes.size(); i-- > 0; value >>= 8) {
        bytes[i] = static_cast<std::uint8_t>(value & 0xFF);
    }
}

}  // namespace

PublishTemplate::PublishTemplate(std::string_view topic, Qos qos, std::size_t payload_bytes,
                                 mqtt::Version version) {
    const std::vector<std::uint8_t> payload(payload_bytes, 'x');
    packet_ = encode_publish(
        {.qos = qos, .topic = topic, .packet_id = PacketId(1), .payload = payload}, version);
    payload_at_ = packet_.size() - payload_bytes;
    if (qos != Qos::AtMostOnce) {
        // Between the two stands the length of the properties, which are none.
        const std::size_t properties_bytes = version == mqtt::Version::V5 ? 1 : 0;
        packet_id_at_ = payload_at_ - properties_bytes - kIdBytes;
    }
}

void PublishTemplate::append_to(runtime::OutputQueue& output, PacketId packet_id) {
    if (packet_id_at_) {
        put(MutableBytes(packet_).subspan(*packet_id_at_, kIdBytes), packet_id.value());
    }
    output.append(packet_);
}

void PublishTemplate::append_stamped(runtime::OutputQueue& output, PacketId packet_id,
                                     Instant stamp) {
    CHECK(packet_.size() - payload_at_ >= kStampBytes);
    put(MutableBytes(packet_).subspan(payload_at_, kStampBytes),
        static_cast<std::uint64_t>(stamp.ns()));
    append_to(output, packet_id);
}

Instant stamp_of(Bytes payload) {
    CHECK(payload.size() >= kStampBytes);
    std::uint64_t ns = 0;
    for (const std::uint8_t byte : payload.first(kStampBytes)) {
        ns = (ns << 8) | byte;
    }
    return Instant::from_ns(static_cast<std::int64_t>(ns));
}

}  // namespace kith::bench

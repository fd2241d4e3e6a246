// One PUBLISH packet encoded once, whose packet id and time stamp change from one send to the next.
// Threads: shard-local.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "runtime/output_queue.h"
#include "wire/mqtt/packets.h"

namespace kith::bench {

/// Bytes of a time stamp, which starts a payload: nanoseconds, big-endian.
inline constexpr std::size_t kStampBytes = 8;

class PublishTemplate {
  public:
    /// With `payload_bytes` of the letter x.
    PublishTemplate(std::string_view topic, Qos qos, std::size_t payload_bytes,
                    mqtt::Version version);

    /// `packet_id` is left out of a QoS 0 packet.
    void append_to(runtime::OutputQueue& output, PacketId packet_id);
    /// Its payload starts with `stamp`. Requires: payload_bytes >= kStampBytes.
    void append_stamped(runtime::OutputQueue& output, PacketId packet_id, Instant stamp);

  private:
    std::vector<std::uint8_t> packet_;
    std::optional<std::size_t> packet_id_at_;
    std::size_t payload_at_ = 0;
};

/// The stamp of a payload. Requires: payload.size() >= kStampBytes.
[[nodiscard]] Instant stamp_of(Bytes payload);

}  // namespace kith::bench

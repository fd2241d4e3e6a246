// One QoS 0 message on its way to many connections: encoded once for each form they need.
//
// The forms differ by protocol version (with or without properties) and RETAIN. A small message is
// one run of bytes with its payload; of a large one only the head is encoded, and the payload is a
// shared block that sockets refer to. Buffers are the shard's and are reused: no allocation per
// message. Threads: shard-local.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/shared_bytes.h"
#include "bus/message.h"
#include "wire/mqtt/packets.h"

namespace kith::broker {

/// The encoded packet: `head` and then, if not null, `payload`.
struct EncodedPublish {
    Bytes head;
    const SharedBytes* payload = nullptr;

    [[nodiscard]] std::size_t size_bytes() const {
        return head.size() + (payload == nullptr ? 0 : payload->bytes().size());
    }
};

class FanoutBuffers {
  private:
    friend class Fanout;
    static constexpr std::size_t kForms = 4;
    std::array<std::vector<std::uint8_t>, kForms> forms_;
};

/// Lives for the routing of one message.
class Fanout {
  public:
    Fanout(const bus::Message& message, FanoutBuffers& buffers, WallTime now)
        : message_(&message), buffers_(&buffers), now_(now) {}

    /// Valid until the next Fanout uses the same buffers.
    [[nodiscard]] EncodedPublish encoded(mqtt::Version version, bool retain);

  private:
    const bus::Message* message_;
    FanoutBuffers* buffers_;
    WallTime now_;
    SharedBytes shared_payload_;
    std::array<bool, FanoutBuffers::kForms> is_encoded_{};
};

/// Seconds until `expires_at`, rounded up, as a receiver is told [MQTT-3.3.2-6]; empty if never.
[[nodiscard]] std::optional<std::uint32_t> remaining_expiry_s(WallTime expires_at, WallTime now);

}  // namespace kith::broker

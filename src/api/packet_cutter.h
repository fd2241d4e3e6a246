// Where one MQTT packet ends and the next begins, in bytes that this node has encoded.
//
// Over WebSocket each packet leaves in messages of its own. MQTT does not ask for it, but Paho C
// looks at no second packet of a message before more comes, and waits for ever if nothing does.
// Bytes that are no MQTT are cut somewhere; nothing else happens.
// Threads: shard-local.
#pragma once

#include <cstddef>

#include "base/bytes.h"

namespace kith::api {

class PacketCutter {
  public:
    /// How many of the first bytes, which follow those of the calls before, belong to one packet.
    /// Requires: not empty. Returns at least 1.
    [[nodiscard]] std::size_t take(Bytes bytes);

  private:
    /// True once the remaining length is known.
    bool take_header_byte(std::uint8_t byte);

    std::size_t left_bytes_ = 0;    // of the packet's body
    std::size_t header_bytes_ = 0;  // seen
    bool is_in_body_ = false;
};

}  // namespace kith::api

// What one node says to another one by its id, rather than to whom it may concern: sessions that
// are handed over, questions and answers between parts of the platform.
//
// Clients neither send nor see these messages; who sends one names the service there, the first
// level of its topic. At QoS 1 and 2 a message comes once and in order while its receiver runs, and
// waits for one that cannot be reached; a receiver that starts anew may get it again, or have lost
// it with what it had in memory. Who it is from is who its origin says it is: any router of the
// mesh could have written it. Threads: shard-local, the first shard. Limits: kMessageBytesMax.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/qos.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

struct DirectedMessage {
    std::string_view topic;  // "service/and/more", a valid topic
    Bytes payload;
    Qos qos = Qos::AtLeastOnce;
    std::uint32_t expires_after_ms = 0;  // 0: never
};

/// A service of this node.
class DirectedPort {
  public:
    /// In a step of its own: it may send at once. Borrowed for the call.
    virtual void on_directed(NodeId from, const DirectedMessage& message) = 0;

  protected:
    ~DirectedPort() = default;
};

}  // namespace kith::mesh

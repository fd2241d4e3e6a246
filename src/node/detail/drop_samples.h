// One of the messages that the mesh drops, now and then, to be told with its topic and its way.
//
// Counters say how many; a sample says which. Of each reason the first one since take() is noted,
// so that a storm of drops costs as much as one of them. What has no message, as a malformed frame,
// is told with its reason alone. Threads: shard-local (first shard).
// Limits: a sample for each reason.
#pragma once

#include "base/time.h"
#include "mesh/ports.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace kith::node {

struct DropSample {
    mesh::DropReason reason{};
    WallTime at;
    std::string topic;  // empty: no message
    mesh::NodeId from;
    std::vector<mesh::NodeId> to;
    std::uint8_t qos = 0;
    std::uint64_t payload_bytes = 0;
};

class DropSamples {
  public:
    /// `data` is borrowed for the call, and may be null.
    void note(mesh::DropReason reason, const mesh::Data* data, WallTime now);
    /// What was noted since.
    [[nodiscard]] std::vector<DropSample> take();

  private:
    std::array<bool, mesh::kDropReasonCount> has_{};
    std::vector<DropSample> samples_;
};

}  // namespace kith::node

// PUBLISH packets encoded once and sent many times.
//
// A block of identical packets is referenced by a connection's output, not copied, when it has 2
// KiB or more; smaller ones are copied into its chunks. Blocks of 1, 2, 4 ... packets make any
// number with few pieces. Threads: shard-local.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/shared_bytes.h"
#include "runtime/output_queue.h"
#include "wire/mqtt/packets.h"

namespace kith::bench {

/// One encoded PUBLISH packet.
[[nodiscard]] std::vector<std::uint8_t> encode_publish(const mqtt::Publish& packet,
                                                       mqtt::Version version);

class PublishBlock {
  public:
    /// QoS 0, with `payload_bytes` of the letter x.
    PublishBlock(std::string_view topic, std::size_t payload_bytes, mqtt::Version version);

    /// Appends `count` packets.
    void append_to(runtime::OutputQueue& output, std::size_t count) const;

    [[nodiscard]] std::size_t packet_bytes() const { return packet_bytes_; }
    /// The largest number of packets that is one piece.
    [[nodiscard]] std::size_t piece_count_max() const {
        return std::size_t{1} << (blocks_.size() - 1);
    }

  private:
    std::size_t packet_bytes_ = 0;
    std::vector<SharedBytes> blocks_;  // blocks_[i] has 2^i packets
};

}  // namespace kith::bench

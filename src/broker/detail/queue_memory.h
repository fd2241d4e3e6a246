// The memory of what waits: how much all shards hold, and how much of it one receiver may hold.
//
// Counted are messages in queues (once a shard, however many sessions wait for one), output that
// clients have not taken, packets that have come in part, mail between shards, and changes that
// wait for the disk. Each shard adds up its own and tells the node in steps of kReportBytes.
//
// A receiver may hold as much as half of what is free: while memory is plenty that is more than its
// own limits, and the fuller it gets the less it is, so that whoever holds most is stopped first
// and those who keep up never notice (the dynamic threshold of Choudhury and Hahne, 1998). Below
// kFairFloorBytes nobody is stopped until the node is full; from then on until a quarter is free
// again everybody is who holds more than kFullFloorBytes. Threads: NodeMemory any; QueueMemory
// shard-local. Limits: mqtt.queued_bytes_max.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "broker/detail/stored_message.h"

namespace kith::broker {

struct ShardContext;
struct OutboundItem;

/// What one receiver may hold whatever others do, in bytes, until the node is full; and then.
inline constexpr std::size_t kFairFloorBytes = 32 * 1024;
inline constexpr std::size_t kFullFloorBytes = 4 * 1024;

struct NodeMemory {
    explicit NodeMemory(std::uint64_t max_bytes) : max(max_bytes) {}

    alignas(64) std::atomic<std::int64_t> used = 0;  // as the shards have told
    alignas(64) std::atomic<std::uint64_t> max;
};

class QueueMemory {
  public:
    QueueMemory(NodeMemory& node, const ShardContext& context) : node_(&node), context_(&context) {}
    ~QueueMemory();
    QueueMemory(const QueueMemory&) = delete;
    QueueMemory& operator=(const QueueMemory&) = delete;

    /// One more session waits for `message`; null for an item that only waits for PUBCOMP.
    void add_item(StoredMessage* message);
    /// It needs the message no longer, but keeps its place.
    void drop_message(StoredMessage* message);
    void remove_item(StoredMessage* message);
    /// Bytes of a packet that has come in part, more or less than before.
    void change_input(std::int64_t bytes) { input_bytes_ += bytes; }

    /// True if somebody who holds `receiver_bytes` may hold them: else what is more has to wait, be
    /// dropped, or go to disk.
    [[nodiscard]] bool allows(std::size_t receiver_bytes) {
        return (receiver_bytes <= kFairFloorBytes && !is_full_) || allows_by_share(receiver_bytes);
    }
    /// What one receiver may hold now, in bytes.
    [[nodiscard]] std::size_t share_bytes();

    /// What this shard holds.
    [[nodiscard]] std::uint64_t held_bytes() const;
    /// Tells the node; once in a while, and whenever somebody asks for a share.
    void report();
    [[nodiscard]] bool is_full() const { return is_full_; }

  private:
    [[nodiscard]] bool allows_by_share(std::size_t receiver_bytes) {
        return receiver_bytes <= share_bytes();
    }
    [[nodiscard]] std::uint64_t used_bytes() const;

    NodeMemory* node_;
    const ShardContext* context_;
    std::uint64_t queue_bytes_ = 0;
    std::int64_t input_bytes_ = 0;
    std::int64_t reported_bytes_ = 0;
    bool is_full_ = false;
};

}  // namespace kith::broker

#include "broker/detail/queue_memory.h"

#include <algorithm>

#include "broker/detail/outbound_queue.h"
#include "broker/detail/shard_context.h"

namespace kith::broker {
namespace {

/// How far a shard's bytes may be from what it has told, so that shards seldom write what all read.
constexpr std::int64_t kReportBytes = 64 * 1024;

}  // namespace

QueueMemory::~QueueMemory() {
    node_->used.fetch_sub(reported_bytes_, std::memory_order_relaxed);
}

void QueueMemory::add_item(StoredMessage* message) {
    queue_bytes_ += sizeof(OutboundItem);
    if (message != nullptr && message->add_waiting()) {
        queue_bytes_ += message->size_bytes();
    }
}

void QueueMemory::drop_message(StoredMessage* message) {
    if (message != nullptr && message->remove_waiting()) {
        CHECK(queue_bytes_ >= message->size_bytes());
        queue_bytes_ -= message->size_bytes();
    }
}

void QueueMemory::remove_item(StoredMessage* message) {
    drop_message(message);
    CHECK(queue_bytes_ >= sizeof(OutboundItem));
    queue_bytes_ -= sizeof(OutboundItem);
}

std::uint64_t QueueMemory::held_bytes() const {
    std::uint64_t bytes = queue_bytes_ + context_->shard.chunks().bytes_in_use() +
                          context_->store.uncommitted_bytes() +
                          static_cast<std::uint64_t>(std::max<std::int64_t>(input_bytes_, 0));
    for (const ShardLink& link : context_->links) {
        bytes += link.bytes_under_way();
    }
    return bytes;
}

void QueueMemory::report() {
    const auto now = static_cast<std::int64_t>(held_bytes());
    const std::int64_t change = now - reported_bytes_;
    if (change > kReportBytes || change < -kReportBytes || now == 0) {
        node_->used.fetch_add(change, std::memory_order_relaxed);
        reported_bytes_ = now;
    }
    const std::uint64_t used = used_bytes();
    const std::uint64_t max = node_->max.load(std::memory_order_relaxed);
    // Full, until a quarter is free again: what is let go meanwhile must not fill it at once.
    is_full_ = used >= max || (is_full_ && used > max / 4 * 3);
}

/// Of the node, with what this shard has not told yet.
std::uint64_t QueueMemory::used_bytes() const {
    const std::int64_t used = node_->used.load(std::memory_order_relaxed) - reported_bytes_ +
                              static_cast<std::int64_t>(held_bytes());
    return static_cast<std::uint64_t>(std::max<std::int64_t>(used, 0));
}

std::size_t QueueMemory::share_bytes() {
    report();
    if (is_full_) {
        return kFullFloorBytes;
    }
    const std::uint64_t max = node_->max.load(std::memory_order_relaxed);
    const std::uint64_t used = std::min(used_bytes(), max);
    return std::max<std::size_t>((max - used) / 2, kFairFloorBytes);
}

}  // namespace kith::broker

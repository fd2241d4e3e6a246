#include "storage/testing/commit_recorder.h"

#include <fmt/format.h>

namespace kith::storage::testing {

void CommitRecorder::on_committed(ShardId shard, CommitTicket through) {
    const std::lock_guard lock(mutex_);
    calls_.push_back(fmt::format("shard {} through {}", shard.value(), through.value()));
    if (committed_.size() <= shard.value()) {
        committed_.resize(shard.value() + 1U);
    }
    committed_[shard.value()] = through;
    changed_.notify_all();
}

void CommitRecorder::on_store_state(StoreState state, const Error& reason) {
    const std::lock_guard lock(mutex_);
    calls_.push_back(state == StoreState::Healthy ? "healthy"
                                                  : fmt::format("degraded: {}", reason.text));
    changed_.notify_all();
}

void CommitRecorder::on_queue_read(ShardId, QueuePart part) {
    const std::lock_guard lock(mutex_);
    reads_.push_back(std::move(part));
    changed_.notify_all();
}

std::vector<QueuePart> CommitRecorder::wait_for_reads(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return reads_.size() >= count; });
    return reads_;
}

void CommitRecorder::wait_for(ShardId shard, CommitTicket ticket) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
        return shard.value() < committed_.size() && committed_[shard.value()] >= ticket;
    });
}

std::vector<std::string> CommitRecorder::wait_for_calls(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return calls_.size() >= count; });
    return calls_;
}

}  // namespace kith::storage::testing

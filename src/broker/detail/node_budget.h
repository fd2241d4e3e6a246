// What the shards of a node share out among them: so many of something, and not one more.
//
// A NodeBudget is the node's: one counter that never passes its limit. Where things come and go
// with every message, a shard keeps a BudgetLease: it takes from the node in blocks and hands out
// of its own block, so that shards seldom touch the same cache line. What others hold in their
// blocks is at most 1/32 of the limit; when the node has no whole block left, leases take exactly
// what they need. Threads: NodeBudget any; BudgetLease shard-local.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <utility>

#include "base/check.h"

namespace kith::broker {

class NodeBudget {
  public:
    explicit NodeBudget(std::uint64_t max) : max_(max) {}

    /// Takes `count` if so many are left.
    [[nodiscard]] bool take(std::uint64_t count = 1) {
        std::uint64_t used = used_.load(std::memory_order_relaxed);
        do {
            const std::uint64_t max = this->max();
            if (used > max || count > max - used) {
                return false;
            }
        } while (!used_.compare_exchange_weak(used, used + count, std::memory_order_relaxed));
        return true;
    }
    /// For what is there already: after a restart the limit may be lower.
    void take_anyway(std::uint64_t count = 1) { used_.fetch_add(count, std::memory_order_relaxed); }
    void give_back(std::uint64_t count = 1) {
        const std::uint64_t before = used_.fetch_sub(count, std::memory_order_relaxed);
        CHECK(before >= count);
    }

    /// Whether take() would be granted now; others may be faster.
    [[nodiscard]] bool has_room(std::uint64_t count) const {
        const std::uint64_t used = this->used();
        return used <= max() && count <= max() - used;
    }
    [[nodiscard]] std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t max() const { return max_.load(std::memory_order_relaxed); }
    /// What is used stays, if it is more.
    void set_max(std::uint64_t max) { max_.store(max, std::memory_order_relaxed); }

  private:
    alignas(64) std::atomic<std::uint64_t> used_ = 0;
    alignas(64) std::atomic<std::uint64_t> max_;
};

/// A part of a budget, given back when it goes.
class BudgetHold {
  public:
    BudgetHold() = default;
    BudgetHold(NodeBudget& node, std::uint64_t count) : node_(&node), count_(count) {
        node.take_anyway(count);
    }
    ~BudgetHold() { release(); }
    BudgetHold(BudgetHold&& other) noexcept
        : node_(std::exchange(other.node_, nullptr)), count_(other.count_) {}
    BudgetHold& operator=(BudgetHold&& other) noexcept {
        if (this != &other) {
            release();
            node_ = std::exchange(other.node_, nullptr);
            count_ = other.count_;
        }
        return *this;
    }

  private:
    void release() {
        if (node_ != nullptr) {
            node_->give_back(count_);
        }
    }

    NodeBudget* node_ = nullptr;
    std::uint64_t count_ = 0;
};

class BudgetLease {
  public:
    BudgetLease(NodeBudget& node, std::uint16_t shard_count, std::uint64_t block_max)
        : node_(&node), shard_count_(shard_count), block_max_(block_max) {}
    BudgetLease(const BudgetLease&) = delete;
    BudgetLease& operator=(const BudgetLease&) = delete;

    [[nodiscard]] bool take(std::uint64_t count = 1) {
        if (count > spare_ && !borrow(count - spare_)) [[unlikely]] {
            return false;
        }
        spare_ -= count;
        return true;
    }
    void take_anyway(std::uint64_t count = 1) {
        const std::uint64_t own = std::min(count, spare_);
        spare_ -= own;
        node_->take_anyway(count - own);
    }
    void give_back(std::uint64_t count = 1) {
        spare_ += count;
        const std::uint64_t block = this->block();
        if (spare_ > 2 * block) [[unlikely]] {
            node_->give_back(spare_ - block);
            spare_ = block;
        }
    }
    /// Keeps no block: the limit is another.
    void trim() { node_->give_back(std::exchange(spare_, 0)); }
    /// Taken from the node and not in use here.
    [[nodiscard]] std::uint64_t spare() const { return spare_; }

  private:
    [[nodiscard]] bool borrow(std::uint64_t missing) {
        const std::uint64_t block = this->block();
        if (node_->take(missing + block)) {
            spare_ += missing + block;
            return true;
        }
        if (node_->take(missing)) {
            spare_ += missing;
            return true;
        }
        return false;
    }
    [[nodiscard]] std::uint64_t block() const {
        constexpr std::uint64_t kParts = 64;  // two blocks a shard are 1/32 of all
        return std::min(block_max_, node_->max() / (kParts * shard_count_));
    }

    NodeBudget* node_;
    std::uint16_t shard_count_;
    std::uint64_t block_max_;
    std::uint64_t spare_ = 0;
};

}  // namespace kith::broker

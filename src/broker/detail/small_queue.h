// A queue that takes one word while it is empty: most connections owe nothing to anybody.
//
// A ring, which is made with the first element, grows by doubling and is freed by clear(). For
// trivially copyable elements. Threads: shard-local. Limits: those of its owner.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "base/check.h"

namespace kith::broker {

template <typename T>
class SmallQueue {
    static_assert(std::is_trivially_copyable_v<T>);

  public:
    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] std::size_t size() const { return ring_ == nullptr ? 0 : ring_->count; }

    void push_back(const T& value) {
        if (ring_ == nullptr || ring_->count == ring_->capacity) {
            grow();
        }
        ring_->at(ring_->count) = value;
        ++ring_->count;
    }
    /// Requires: !empty().
    [[nodiscard]] const T& front() const {
        CHECK(!empty());
        return ring_->at(0);
    }
    void pop_front() {
        CHECK(!empty());
        ring_->first = (ring_->first + 1) & (ring_->capacity - 1);
        --ring_->count;
    }
    /// Calls visit(T&) from the front on, until it returns false.
    template <typename Visit>
    void for_each_while(Visit&& visit) {
        for (std::size_t i = 0; i < size(); ++i) {
            if (!visit(ring_->at(i))) {
                return;
            }
        }
    }
    /// Gives the memory back, too.
    void clear() { ring_.reset(); }

  private:
    static constexpr std::uint32_t kFirstCapacity = 8;

    struct Ring {
        explicit Ring(std::uint32_t capacity_in)
            : items(std::make_unique<T[]>(capacity_in)), capacity(capacity_in) {}
        [[nodiscard]] T& at(std::size_t i) const { return items[(first + i) & (capacity - 1U)]; }

        std::unique_ptr<T[]> items;
        std::uint32_t capacity;  // a power of two
        std::uint32_t first = 0;
        std::uint32_t count = 0;
    };

    void grow() {
        auto larger =
            std::make_unique<Ring>(ring_ == nullptr ? kFirstCapacity : ring_->capacity * 2);
        for (std::size_t i = 0; i < size(); ++i) {
            larger->at(i) = ring_->at(i);
        }
        larger->count = static_cast<std::uint32_t>(size());
        ring_ = std::move(larger);
    }

    std::unique_ptr<Ring> ring_;
};

}  // namespace kith::broker

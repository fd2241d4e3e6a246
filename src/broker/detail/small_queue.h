// A queue that takes two words while it is empty: most connections owe nothing to anybody.
//
// A ring in one allocation, which grows by doubling and is freed when the queue runs empty by
// clear(). For trivially copyable elements. Threads: shard-local. Limits: those of its owner.
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
    [[nodiscard]] bool empty() const { return count_ == 0; }
    [[nodiscard]] std::size_t size() const { return count_; }

    void push_back(const T& value) {
        if (count_ == capacity_) {
            grow();
        }
        items_[place(count_)] = value;
        ++count_;
    }
    /// Requires: !empty().
    [[nodiscard]] const T& front() const {
        CHECK(count_ > 0);
        return items_[first_];
    }
    void pop_front() {
        CHECK(count_ > 0);
        first_ = static_cast<std::uint32_t>(place(1));
        --count_;
    }
    /// Calls visit(T&) from the front on, until it returns false.
    template <typename Visit>
    void for_each_while(Visit&& visit) {
        for (std::size_t i = 0; i < count_; ++i) {
            if (!visit(items_[place(i)])) {
                return;
            }
        }
    }
    /// Gives the memory back, too.
    void clear() { *this = SmallQueue(); }

  private:
    static constexpr std::size_t kFirstCapacity = 8;

    [[nodiscard]] std::size_t place(std::size_t i) const { return (first_ + i) & (capacity_ - 1); }
    void grow() {
        const std::size_t capacity = capacity_ == 0 ? kFirstCapacity : std::size_t{capacity_} * 2;
        auto items = std::make_unique<T[]>(capacity);
        for (std::size_t i = 0; i < count_; ++i) {
            items[i] = items_[place(i)];
        }
        items_ = std::move(items);
        first_ = 0;
        capacity_ = static_cast<std::uint32_t>(capacity);
    }

    std::unique_ptr<T[]> items_;
    std::uint32_t capacity_ = 0;  // a power of two
    std::uint32_t first_ = 0;
    std::uint32_t count_ = 0;
};

}  // namespace kith::broker

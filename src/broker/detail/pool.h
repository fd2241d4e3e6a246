// Many small objects of one kind, known by 32-bit numbers.
//
// They lie in blocks, so that addresses are stable, growing copies nothing and no allocator rounds
// each of them up. Numbers are given again; blocks are kept until the pool goes. An object is made
// when its number is first taken, so that the rest of a block is memory that nobody has touched.
// Threads: shard-local. Limits: those of its owner.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/check.h"

namespace kith::broker {

/// T: default-constructible and movable.
template <typename T>
class Pool {
  public:
    Pool() = default;
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    ~Pool() {
        for (std::uint32_t number = 0; number < size_; ++number) {
            std::destroy_at(&(*this)[number]);
        }
    }

    /// The number of an object that is as T{} makes it.
    [[nodiscard]] std::uint32_t take() {
        if (!free_.empty()) {
            const std::uint32_t number = free_.back();
            free_.pop_back();
            return number;
        }
        const std::uint32_t number = size_++;
        CHECK(size_ != 0);
        if ((number & kMask) == 0) {
            blocks_.push_back(std::make_unique<Slot[]>(kBlockCount));
        }
        std::construct_at(&(*this)[number]);
        return number;
    }
    void give_back(std::uint32_t number) {
        (*this)[number] = T{};
        free_.push_back(number);
    }

    /// Requires: `number` is taken.
    [[nodiscard]] T& operator[](std::uint32_t number) {
        return blocks_[number >> kBlockBits][number & kMask].object;
    }
    [[nodiscard]] const T& operator[](std::uint32_t number) const {
        return blocks_[number >> kBlockBits][number & kMask].object;
    }
    /// How many are taken.
    [[nodiscard]] std::size_t size() const { return size_ - free_.size(); }

  private:
    static constexpr unsigned kBlockBits = 9;
    static constexpr std::uint32_t kBlockCount = 1U << kBlockBits;
    static constexpr std::uint32_t kMask = kBlockCount - 1;

    /// Room for an object that the pool makes and ends.
    union Slot {
        Slot() {}   // NOLINT(modernize-use-equals-default): would be deleted
        ~Slot() {}  // NOLINT(modernize-use-equals-default): would be deleted
        T object;
    };

    std::vector<std::unique_ptr<Slot[]>> blocks_;
    std::vector<std::uint32_t> free_;
    std::uint32_t size_ = 0;
};

}  // namespace kith::broker

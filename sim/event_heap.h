// What will happen, in the order in which it will: a heap of events by time.
//
// Of two events at the same time the one that was pushed first comes first, so that a run is a
// function of its seed. Events live in a pool that does not move and are filled in place: once the
// pool has grown to what is pending at once, nothing is allocated. Four children a node, because a
// level costs a cache line and not a comparison. Requires of T: clear(), which gives up what the
// event owns. Threads: one. Limits: kSlotsMax.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/check.h"
#include "base/time.h"

namespace kith::sim {

template <typename T>
class EventHeap {
  public:
    using Slot = std::uint32_t;
    /// Events that may be pending at once.
    static constexpr Slot kSlotsMax = 1U << 24U;

    /// A new event, to be filled; as its last user left it.
    T& push(Instant at) {
        const Slot slot = take_slot();
        insert(at, slot);
        return (*this)[slot];
    }

    [[nodiscard]] bool empty() const { return entries_.empty(); }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    /// Requires: not empty.
    [[nodiscard]] Instant next_at() const { return Instant::from_ns(entries_.front().at_ns); }

    /// Takes the first event out; it stays in its slot until release() or push_again(). Requires:
    /// not empty.
    Slot pop() {
        DCHECK(!entries_.empty());
        const Slot slot = static_cast<Slot>(entries_.front().order & (kSlotsMax - 1));
        const Entry last = entries_.back();
        entries_.pop_back();
        if (!entries_.empty()) {
            sink(last);
        }
        return slot;
    }

    [[nodiscard]] T& operator[](Slot slot) { return (*chunks_[slot / kChunk])[slot % kChunk]; }

    void release(Slot slot) {
        (*this)[slot].clear();
        free_.push_back(slot);
    }
    /// The popped event happens later instead, behind all that is pending for that time.
    void push_again(Slot slot, Instant at) { insert(at, slot); }

  private:
    static constexpr Slot kChunk = 1024;
    static constexpr std::size_t kChildren = 4;

    struct Entry {
        std::int64_t at_ns;
        std::uint64_t order;  // number of the push, then the slot

        [[nodiscard]] bool before(const Entry& other) const {
            return at_ns != other.at_ns ? at_ns < other.at_ns : order < other.order;
        }
    };

    Slot take_slot() {
        if (free_.empty()) {
            const auto first = static_cast<Slot>(chunks_.size() * kChunk);
            CHECK_TEXT(first < kSlotsMax, "too many events are pending");
            chunks_.push_back(std::make_unique<std::array<T, kChunk>>());
            for (Slot i = kChunk; i > 0; --i) {
                free_.push_back(first + i - 1);
            }
        }
        const Slot slot = free_.back();
        free_.pop_back();
        return slot;
    }

    void insert(Instant at, Slot slot) {
        const Entry entry{.at_ns = at.ns(), .order = pushes_++ * kSlotsMax + slot};
        std::size_t hole = entries_.size();
        entries_.push_back(entry);
        while (hole > 0) {
            const std::size_t parent = (hole - 1) / kChildren;
            if (!entry.before(entries_[parent])) {
                break;
            }
            entries_[hole] = entries_[parent];
            hole = parent;
        }
        entries_[hole] = entry;
    }

    /// Puts an entry where the first one was, and down to where it belongs.
    void sink(const Entry& entry) {
        const std::size_t count = entries_.size();
        std::size_t hole = 0;
        for (std::size_t child = 1; child < count; child = hole * kChildren + 1) {
            std::size_t least = child;
            const std::size_t end = std::min(child + kChildren, count);
            for (std::size_t other = child + 1; other < end; ++other) {
                least = entries_[other].before(entries_[least]) ? other : least;
            }
            if (!entries_[least].before(entry)) {
                break;
            }
            entries_[hole] = entries_[least];
            hole = least;
        }
        entries_[hole] = entry;
    }

    std::vector<Entry> entries_;
    std::vector<std::unique_ptr<std::array<T, kChunk>>> chunks_;
    std::vector<Slot> free_;
    std::uint64_t pushes_ = 0;
};

}  // namespace kith::sim

// Frames that wait while a link's stream is congested: which of them leaves next.
//
// What the mesh says to itself goes first. Alarms go before the rest, up to four fifths of the
// bytes while others wait, so that a storm of them starves nobody. The other classes take turns by
// deficit round robin (Shreedhar and Varghese 1996): each gets the bytes of its weight in a round,
// the more urgent the more. Within a class the oldest leaves first. Threads: shard-local. Limits:
// the link asks size_bytes() before it adds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/bytes.h"
#include "base/shared_bytes.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

class FrameQueue {
  public:
    struct Entry {
        std::vector<std::uint8_t> head;
        SharedBytes body;
    };

    void push(Priority priority, Bytes head, const SharedBytes& body);
    /// Requires: not empty.
    [[nodiscard]] Entry pop();

    [[nodiscard]] bool empty() const { return size_bytes_ == 0; }
    /// With what an entry takes beside its bytes.
    [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }

    /// Bytes of alarms beyond their share, after which the others have a turn.
    static constexpr std::int64_t kAlarmBurstBytes = 64 << 10;
    static constexpr std::int64_t kAlarmShare = 4;  // to 1 of the others
    /// Bytes of a weight of 1 in a round.
    static constexpr std::int64_t kQuantumBytes = 2 << 10;

  private:
    struct Class {
        std::deque<Entry> entries;
        std::int64_t deficit_bytes = 0;  // that it may still send in this round
    };
    [[nodiscard]] Class& class_of(Priority priority) {
        return classes_[static_cast<std::size_t>(priority)];
    }
    [[nodiscard]] Class& next_class();
    [[nodiscard]] Class& next_of_rest();

    std::array<Class, kPriorityCount> classes_;
    std::size_t turn_ =
        static_cast<std::size_t>(Priority::Command);  // whose turn it is, of those that take turns
    std::int64_t alarm_ahead_bytes_ = 0;
    std::size_t size_bytes_ = 0;
};

}  // namespace kith::mesh

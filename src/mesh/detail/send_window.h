// What was sent over a link and has not arrived as far as is known: how much more may follow.
//
// Messages of each class have a window of their own, so that a flood of one holds up no other, and
// what waits for room waits where it is held, not in the queue of a link, which would overflow. A
// receipt makes room: it says that the neighbour has taken the frames out of the link. A frame that
// is known to be lost makes room as well, so that no window leaks away; credits, which a receiver
// would have to count in step with its sender across links that come and go, could.
// Threads: shard-local. Limits: kLinkWindowBytes, and one message beyond it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "mesh/limits.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

class SendWindow {
  public:
    [[nodiscard]] bool has_room(Priority priority) const {
        return bytes_[index(priority)] < kLinkWindowBytes;
    }
    [[nodiscard]] std::size_t under_way_bytes(Priority priority) const {
        return bytes_[index(priority)];
    }
    /// A message left as frame number `frame`; numbers count up, modulo 2^32.
    void on_sent(std::uint32_t frame, Priority priority, std::size_t bytes) {
        bytes_[index(priority)] += bytes + kLinkWindowMessageBytes;
        if (flights_.size() == flights_.capacity() && first_ > 0) {
            flights_.erase(flights_.begin(),
                           flights_.begin() + static_cast<std::ptrdiff_t>(first_));
            first_ = 0;
        }
        flights_.push_back({.frame = frame, .priority = priority, .bytes = bytes});
    }
    /// This frame and all before it have arrived, or never will.
    void on_settled(std::uint32_t frame) {
        for (; first_ < flights_.size(); ++first_) {
            const Flight& flight = flights_[first_];
            if (static_cast<std::int32_t>(frame - flight.frame) < 0) {
                return;
            }
            bytes_[index(flight.priority)] -= flight.bytes + kLinkWindowMessageBytes;
        }
        flights_.clear();
        first_ = 0;
    }
    void clear() {
        bytes_.fill(0);
        flights_.clear();
        first_ = 0;
    }

  private:
    struct Flight {
        std::uint32_t frame = 0;
        Priority priority = Priority::Default;
        std::size_t bytes = 0;
    };

    [[nodiscard]] static std::size_t index(Priority priority) {
        return static_cast<std::size_t>(priority);
    }

    std::array<std::size_t, kPriorityCount> bytes_{};
    std::vector<Flight> flights_;
    std::size_t first_ = 0;  // that is still under way; those before it are not
};

}  // namespace kith::mesh

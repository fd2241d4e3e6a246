// Frames that wait while a link's stream is congested: the most urgent class leaves first, within
// a class the oldest. Threads: shard-local. Limits: the link asks size_bytes() before it adds.
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

  private:
    std::array<std::deque<Entry>, kPriorityCount> classes_;
    std::size_t size_bytes_ = 0;
};

}  // namespace kith::mesh

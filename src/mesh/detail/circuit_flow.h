// The bytes of one circuit at one of its ends: what is sent and not received yet, what may be sent,
// and what has come.
//
// What is sent is kept until the other end says that it has received it; go_back() sends it again.
// What comes is taken in order: bytes that leave a gap are not kept, bytes that come twice are not
// taken twice. Each end allows kCircuitWindowBytes beyond what was taken out of it. Threads:
// shard-local. Limits: kCircuitWindowBytes in each direction, twice that for a moment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "mesh/limits.h"

namespace kith::mesh {

class CircuitFlow {
  public:
    struct Piece {
        std::uint64_t before = 0;
        Bytes bytes;  // until the next call
    };
    struct Room {
        std::uint64_t received = 0;
        std::uint64_t allowed = 0;
    };

    // Out.
    /// Keeps as many of the first as there is room for; returns how many.
    [[nodiscard]] std::size_t append(Bytes bytes);
    [[nodiscard]] bool has_next() const { return next_ < end_of_sending(); }
    /// What is to be sent next; counts as sent. Requires: has_next().
    [[nodiscard]] Piece next();
    /// What is not known to have arrived is to be sent again.
    void go_back() { next_ = base_; }
    /// What the other end says of this direction. False: it cannot be.
    [[nodiscard]] bool on_room(const Room& room);
    /// Sent, and not known to have arrived.
    [[nodiscard]] bool is_waiting() const { return next_ > base_; }
    /// All has arrived.
    [[nodiscard]] bool is_settled() const { return unsettled_bytes() == 0; }
    [[nodiscard]] std::uint64_t settled_bytes() const { return base_; }

    // In.
    /// What of it is new, and comes next.
    [[nodiscard]] Bytes on_bytes(const Piece& piece);
    /// So much of what was handed out is taken.
    void take(std::size_t bytes);
    /// What the other end should know soon, or needs not know at once.
    [[nodiscard]] bool is_room_urgent() const;
    [[nodiscard]] bool is_room_news() const { return has_gap_ || room() != told_; }
    /// Counts as told.
    [[nodiscard]] Room tell_room();

    friend bool operator==(const Room& a, const Room& b) {
        return a.received == b.received && a.allowed == b.allowed;
    }

  private:
    [[nodiscard]] std::size_t unsettled_bytes() const { return bytes_.size() - first_; }
    [[nodiscard]] std::uint64_t end_of_sending() const;
    [[nodiscard]] Room room() const { return {received_, taken_ + kCircuitWindowBytes}; }

    std::vector<std::uint8_t> bytes_;  // from first_ on: from base_ on
    std::size_t first_ = 0;
    std::uint64_t base_ = 0;     // all before has arrived
    std::uint64_t next_ = 0;     // to be sent
    std::uint64_t sent_ = 0;     // ever
    std::uint64_t allowed_ = 0;  // by the other end

    std::uint64_t received_ = 0;
    std::uint64_t taken_ = 0;
    Room told_;
    bool has_gap_ = false;  // the other end has sent what cannot be used yet, or not again
};

}  // namespace kith::mesh

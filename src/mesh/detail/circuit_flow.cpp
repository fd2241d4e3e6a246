#include "mesh/detail/circuit_flow.h"

#include <algorithm>

#include "base/check.h"
#include "wire/mesh/limits.h"

namespace kith::mesh {
namespace {

/// The other end hears of so much at once; of less, a little later.
constexpr std::size_t kTellBytes = kCircuitWindowBytes / 4;

}  // namespace

std::size_t CircuitFlow::append(Bytes bytes) {
    const std::size_t count = std::min(bytes.size(), kCircuitWindowBytes - unsettled_bytes());
    const Bytes kept = bytes.first(count);
    bytes_.insert(bytes_.end(), kept.begin(), kept.end());
    return count;
}

std::uint64_t CircuitFlow::end_of_sending() const {
    return std::min(allowed_, base_ + unsettled_bytes());
}

CircuitFlow::Piece CircuitFlow::next() {
    CHECK(has_next());
    const std::uint64_t size = std::min<std::uint64_t>(end_of_sending() - next_, kCircuitBytesMax);
    const Piece piece{.before = next_,
                      .bytes = Bytes(bytes_).subspan(first_ + (next_ - base_), size)};
    next_ += size;
    sent_ = std::max(sent_, next_);
    return piece;
}

bool CircuitFlow::on_room(const Room& room) {
    if (room.received > sent_) {
        return false;
    }
    allowed_ = std::max(allowed_, room.allowed);
    if (room.received <= base_) {
        return true;
    }
    first_ += room.received - base_;
    base_ = room.received;
    next_ = std::max(next_, base_);
    if (first_ == bytes_.size()) {
        bytes_.clear();
        first_ = 0;
    } else if (first_ >= kCircuitWindowBytes) {
        bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }
    return true;
}

Bytes CircuitFlow::on_bytes(const Piece& piece) {
    const std::uint64_t end = piece.before + piece.bytes.size();
    const bool is_next = piece.before <= received_ && received_ < end;
    if (!is_next || end > taken_ + kCircuitWindowBytes) {
        has_gap_ = true;
        return {};
    }
    const Bytes news = piece.bytes.subspan(received_ - piece.before);
    received_ = end;
    return news;
}

void CircuitFlow::take(std::size_t bytes) {
    taken_ += bytes;
    CHECK(taken_ <= received_);
}

bool CircuitFlow::is_room_urgent() const {
    const Room now = room();
    return has_gap_ || now.received - told_.received >= kTellBytes ||
           now.allowed - told_.allowed >= kTellBytes;
}

CircuitFlow::Room CircuitFlow::tell_room() {
    has_gap_ = false;
    told_ = room();
    return told_;
}

}  // namespace kith::mesh

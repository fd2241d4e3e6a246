#include "bench/lossy_window.h"

#include <algorithm>

namespace kith::bench {
namespace {

/// After this long without a delivery, what is under way is taken for lost.
constexpr Duration kPatience = 500ms;

}  // namespace

std::size_t LossyWindow::credit() const {
    const std::uint64_t arrived = (received_count_ + forgotten_count_) / receivers_;
    const std::uint64_t under_way = sent_count_ - std::min(sent_count_, arrived);
    return size_ - std::min<std::uint64_t>(size_, under_way);
}

bool LossyWindow::gives_up(Instant now) {
    if (received_count_ != received_last_ || sent_count_ == 0 || !last_progress_) {
        received_last_ = received_count_;
        last_progress_ = now;
        return false;
    }
    if (now - *last_progress_ < kPatience) {
        return false;
    }
    const std::uint64_t expected = sent_count_ * receivers_;
    forgotten_count_ = expected - std::min(expected, received_count_);
    return true;
}

}  // namespace kith::bench

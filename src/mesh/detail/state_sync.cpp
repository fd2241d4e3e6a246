#include "mesh/detail/state_sync.h"

#include <algorithm>
#include <utility>

namespace kith::mesh {
namespace {

constexpr int kHellosUnchanged = 2;
// When both sides change all the time, so that no difference is ever seen twice.
constexpr int kHellosDifferent = 8;

}  // namespace

bool StateSync::is_due(std::uint64_t own, std::uint64_t theirs, Instant now) {
    const bool is_first_hello = std::exchange(is_first_hello_, false);
    if (own == theirs) [[likely]] {
        different_ = 0;
        unchanged_ = 0;
        interval_ = kStateSyncInterval;
        return false;
    }
    const bool is_unchanged = different_ > 0 && own == own_ && theirs == theirs_;
    unchanged_ = is_unchanged ? unchanged_ + 1 : 1;
    ++different_;
    if (!is_unchanged) {
        interval_ = kStateSyncInterval;
        next_at_ = std::min(next_at_, now + interval_);
    }
    own_ = own;
    theirs_ = theirs;
    const int patience = begins_ ? 1 : 2;
    const bool is_patient =
        unchanged_ >= patience * kHellosUnchanged || different_ >= patience * kHellosDifferent;
    const bool is_due = (is_first_hello && begins_) || (now >= next_at_ && is_patient);
    if (!is_due || has_waiting()) {
        return false;
    }
    next_at_ = now + interval_;
    interval_ = std::min(interval_ * 2, kStateSyncIntervalMax);
    return true;
}

bool StateSync::add(const StateKey& key) {
    Outbox& box = outbox(key.kind);
    return box.size() < kStateOutboxMax && (box.insert(key), true);
}

std::optional<StateKey> StateSync::take(StateKind kind) {
    Outbox& box = outbox(kind);
    if (box.empty()) {
        return std::nullopt;
    }
    return box.extract(box.begin()).value();
}

}  // namespace kith::mesh

#include "storage/testing/gate.h"

namespace kith::storage::testing {

void Gate::pass() {
    std::unique_lock lock(mutex_);
    ++waiting_count_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    --waiting_count_;
}

void Gate::wait_for_arrival() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_count_ > 0; });
}

void Gate::set(bool open) {
    const std::lock_guard lock(mutex_);
    open_ = open;
    changed_.notify_all();
}

}  // namespace kith::storage::testing

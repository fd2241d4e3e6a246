// How late the loop of one shard is: a timer that is due once a second, and when it comes.
//
// Everything else that came in meanwhile has waited as long. Threads: shard-local.
#pragma once

#include "broker/counters.h"
#include "runtime/shard.h"

#include <algorithm>

namespace kith::node {

class LoopProbe final : public runtime::Timer {
  public:
    static constexpr Duration kInterval = 1s;

    explicit LoopProbe(runtime::Shard& shard) : shard_(shard) {}

    void start() {
        due_ = shard_.now() + kInterval;
        shard_.arm(*this, due_);
    }
    void on_timer(Instant now) override {
        const std::int64_t late_us = (now - due_).count() / 1000;
        lag_.record_us(static_cast<std::uint64_t>(std::max<std::int64_t>(late_us, 0)));
        start();
    }
    [[nodiscard]] const broker::DelayHistogram& lag() const { return lag_; }

  private:
    runtime::Shard& shard_;
    Instant due_;
    broker::DelayHistogram lag_;
};

}  // namespace kith::node

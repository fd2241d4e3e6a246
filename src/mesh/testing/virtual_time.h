// Things that happen later, in order of time and, at the same time, of when they were planned.
//
// What tests of several nodes share: nothing waits, and the same calls happen in the same order on
// every machine.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "base/time.h"

namespace kith::mesh::testing {

class VirtualTime {
  public:
    [[nodiscard]] Instant now() const { return now_; }

    void at(Instant when, std::function<void()> happening) {
        happenings_.emplace(std::pair(std::max(when, now_), next_++), std::move(happening));
    }
    void after(Duration delay, std::function<void()> happening) {
        at(now_ + delay, std::move(happening));
    }

    /// All that happens until then, and what that causes until then.
    void run_until(Instant end) {
        while (!happenings_.empty() && happenings_.begin()->first.first <= end) {
            const auto first = happenings_.begin();
            now_ = first->first.first;
            const std::function<void()> happening = std::move(first->second);
            happenings_.erase(first);
            happening();
        }
        now_ = std::max(now_, end);
    }
    void run_for(Duration duration) { run_until(now_ + duration); }

  private:
    std::map<std::pair<Instant, std::uint64_t>, std::function<void()>> happenings_;
    std::uint64_t next_ = 0;
    Instant now_ = Instant::from_ns(1'000'000'000);
};

}  // namespace kith::mesh::testing

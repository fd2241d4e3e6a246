#include "runtime/timer_wheel.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "runtime/limits.h"

namespace kith::runtime {
namespace {

class TestTimer final : public Timer {
  public:
    void on_timer(Instant now) override {
        fired_at.push_back(now);
        if (action) {
            const auto run = action;  // the action may destroy this timer
            run(now);
        }
    }
    std::vector<Instant> fired_at;
    std::function<void(Instant)> action;
};

constexpr Instant at(Duration d) {
    return Instant::from_ns(d.count());
}

TEST(TimerWheel, FiresAtTheDeadlineAndNotBefore) {
    TimerWheel wheel(at(0ms));
    TestTimer timer;
    wheel.arm(timer, at(10ms));
    wheel.advance(at(9ms + 999us));
    EXPECT_TRUE(timer.fired_at.empty());
    EXPECT_TRUE(timer.is_armed());
    wheel.advance(at(10ms));
    EXPECT_EQ(timer.fired_at, std::vector{at(10ms)});
    EXPECT_FALSE(timer.is_armed());
}

TEST(TimerWheel, RoundsADeadlineUpToATick) {
    TimerWheel wheel(at(0ms));
    TestTimer timer;
    wheel.arm(timer, at(10ms + 1ns));
    wheel.advance(at(10ms + 900us));
    EXPECT_TRUE(timer.fired_at.empty());
    wheel.advance(at(11ms));
    EXPECT_EQ(timer.fired_at.size(), 1U);
}

TEST(TimerWheel, ADeadlineInThePastFiresInTheNextTick) {
    TimerWheel wheel(at(1s));
    TestTimer timer;
    wheel.arm(timer, at(3ms));
    EXPECT_EQ(timer.deadline(), at(1001ms));
    wheel.advance(at(1s));
    EXPECT_TRUE(timer.fired_at.empty());
    wheel.advance(at(1001ms));
    EXPECT_EQ(timer.fired_at.size(), 1U);
}

TEST(TimerWheel, CancelledAndDestroyedTimersDoNotFire) {
    TimerWheel wheel(at(0ms));
    TestTimer cancelled;
    auto destroyed = std::make_unique<TestTimer>();
    wheel.arm(cancelled, at(5ms));
    wheel.arm(*destroyed, at(5ms));
    cancelled.cancel();
    destroyed.reset();
    EXPECT_EQ(wheel.next_deadline(), Instant::never());
    wheel.advance(at(1s));
    EXPECT_TRUE(cancelled.fired_at.empty());
}

TEST(TimerWheel, ArmingAnArmedTimerMovesIt) {
    TimerWheel wheel(at(0ms));
    TestTimer timer;
    wheel.arm(timer, at(5ms));
    wheel.arm(timer, at(5000ms));
    wheel.advance(at(4999ms));
    EXPECT_TRUE(timer.fired_at.empty());
    wheel.arm(timer, at(5001ms));
    wheel.advance(at(5001ms));
    EXPECT_EQ(timer.fired_at.size(), 1U);
}

TEST(TimerWheel, AFiringTimerMayRearmItselfOncePerAdvance) {
    TimerWheel wheel(at(0ms));
    TestTimer timer;
    timer.action = [&](Instant) { wheel.arm(timer, at(1ms)); };  // always in the past
    wheel.arm(timer, at(1ms));
    wheel.advance(at(50ms));
    EXPECT_EQ(timer.fired_at.size(), 1U);
    wheel.advance(at(5000ms));
    EXPECT_EQ(timer.fired_at.size(), 2U);
}

TEST(TimerWheel, AFiringTimerMayDestroyItselfAndItsNeighbours) {
    TimerWheel wheel(at(0ms));
    auto first = std::make_unique<TestTimer>();
    auto second = std::make_unique<TestTimer>();
    auto later = std::make_unique<TestTimer>();
    first->action = [&](Instant) {
        second.reset();
        later.reset();
        first.reset();
    };
    wheel.arm(*first, at(5ms));
    wheel.arm(*second, at(5ms));
    wheel.arm(*later, at(500ms));
    wheel.advance(at(1s));
    EXPECT_EQ(first, nullptr);
    EXPECT_EQ(wheel.next_deadline(), Instant::never());
}

TEST(TimerWheel, NextDeadlineIsNeverLate) {
    TimerWheel wheel(at(7ms));
    TestTimer timer;
    EXPECT_EQ(wheel.next_deadline(), Instant::never());
    wheel.arm(timer, at(20ms));
    EXPECT_EQ(wheel.next_deadline(), at(20ms));
    wheel.arm(timer, at(100h));
    EXPECT_LE(wheel.next_deadline(), at(100h));
    EXPECT_GT(wheel.next_deadline(), at(7ms));
}

TEST(TimerWheel, HoldsTimersThatNeverFire) {
    TimerWheel wheel(at(0ms));
    TestTimer never;
    TestTimer soon;
    wheel.arm(never, Instant::never());
    wheel.arm(soon, at(3ms));
    wheel.advance(at(24h * 365 * 200));
    EXPECT_EQ(soon.fired_at.size(), 1U);
    EXPECT_TRUE(never.is_armed());
}

// Goal: against a sorted list of deadlines, any sequence of arm, cancel and advance, with steps
// from below a tick to days, fires the same timers in the same advance.
class WheelAgainstList {
  public:
    explicit WheelAgainstList(std::uint64_t seed)
        : random_(seed),
          now_(at(Duration(static_cast<std::int64_t>(random_.below(1ULL << 50))))),
          wheel_(now_),
          timers_(40) {}

    void step() {
        const std::size_t index = random_.below(timers_.size());
        switch (random_.below(4)) {
            case 0:
            case 1: {
                const Instant deadline = now_ + random_span() - 2ms;
                wheel_.arm(timers_[index], deadline);
                oracle_[index] = std::max(deadline, now_ + 1ns);
                break;
            }
            case 2:
                timers_[index].cancel();
                oracle_.erase(index);
                break;
            default:
                advance();
        }
    }

  private:
    Duration random_span() {
        const auto bits = random_.below(47);
        return Duration(static_cast<std::int64_t>(random_.below(2ULL << bits)));
    }

    void advance() {
        // Sometimes only as far as the wheel asks for: nothing may be due before.
        const Instant hint = wheel_.next_deadline();
        const Instant target = now_ + random_span();
        now_ = random_.chance(0.3) && hint != Instant::never() ? std::max(hint, now_) : target;
        for (TestTimer& timer : timers_) {
            timer.fired_at.clear();
        }
        wheel_.advance(now_);
        const std::int64_t now_tick = now_.ns() / kTimerTick.count();
        for (std::size_t i = 0; i < timers_.size(); ++i) {
            const auto armed = oracle_.find(i);
            const std::int64_t tick = kTimerTick.count();
            const bool due =
                armed != oracle_.end() && (armed->second.ns() + tick - 1) / tick <= now_tick;
            ASSERT_EQ(timers_[i].fired_at.size(), due ? 1U : 0U);
            ASSERT_EQ(timers_[i].is_armed(), armed != oracle_.end() && !due);
            if (due) {
                oracle_.erase(i);
            }
        }
        for (const auto& [index, deadline] : oracle_) {
            ASSERT_LE(wheel_.next_deadline(), deadline + kTimerTick);
        }
    }

    Random random_;
    Instant now_;
    TimerWheel wheel_;
    std::vector<TestTimer> timers_;
    std::map<std::size_t, Instant> oracle_;
};

TEST(TimerWheel, BehavesLikeASortedList) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        WheelAgainstList pair(seed);
        for (int i = 0; i < 500; ++i) {
            ASSERT_NO_FATAL_FAILURE(pair.step()) << "seed " << seed;
        }
    }
}

}  // namespace
}  // namespace kith::runtime

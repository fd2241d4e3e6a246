// A one-shot timer that lives inside its owner.
//
// Arming an armed timer moves it; destroying one cancels it. Resolution is one tick of the wheel
// (limits.h), never early. Threads: shard-local.
#pragma once

#include <boost/intrusive/list.hpp>

#include "base/time.h"

namespace kith::runtime {

class TimerWheel;

class Timer : public boost::intrusive::list_base_hook<
                  boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    virtual ~Timer() = default;

    /// The wheel calls this once, at or after the deadline; the timer is then no longer armed.
    virtual void on_timer(Instant now) = 0;

    [[nodiscard]] bool is_armed() const { return is_linked(); }
    /// When it is due: the deadline it was armed with, or the next tick if that had passed.
    [[nodiscard]] Instant deadline() const { return deadline_; }
    void cancel() { unlink(); }

  private:
    friend class TimerWheel;
    Instant deadline_;
};

}  // namespace kith::runtime

// A place where another thread can be held up, without a wait by the clock.
#pragma once

#include <condition_variable>
#include <mutex>

namespace kith::storage::testing {

/// Threads: thread-safe (one lock).
class Gate {
  public:
    void open() { set(true); }
    void close() { set(false); }

    /// Waits while the gate is closed.
    void pass();
    /// Waits until somebody waits at the gate.
    void wait_for_arrival();

  private:
    void set(bool open);

    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = true;
    int waiting_count_ = 0;
};

}  // namespace kith::storage::testing

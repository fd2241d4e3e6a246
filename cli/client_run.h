// Runs one MQTT connection for a command: a shard with a link on a thread of its own, while the
// main thread waits for the end or for Ctrl-C.
//
// Threads: the program's callbacks run on the shard; post() and end() may be called on any thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "runtime/blocking_pool.h"
#include "runtime/shard_group.h"
#include "sdk/node_link.h"

namespace kith::cli {

/// A value that one thread sets once and the main thread waits for; Ctrl-C and SIGTERM end the
/// wait, too.
class EndOfRun {
  public:
    /// Blocks the signals. Requires: no other thread runs yet.
    EndOfRun();
    ~EndOfRun();
    EndOfRun(const EndOfRun&) = delete;
    EndOfRun& operator=(const EndOfRun&) = delete;

    /// The first one counts. Any thread.
    void end(int exit_code);
    /// The exit code, or nothing if a signal came or `timeout` passed first; zero waits for ever.
    [[nodiscard]] std::optional<int> wait(Duration timeout = Duration::zero());
    /// Waits that long; true if the run has ended meanwhile, by end() or by a signal.
    [[nodiscard]] bool ends_within(Duration timeout);

  private:
    static constexpr int kNotYet = -1;
    std::atomic<int> exit_code_ = kNotYet;
    int event_fd_;
    int signal_fd_;
};

class ClientRun {
  public:
    /// Errors: Limit when the system gives no descriptors.
    [[nodiscard]] static Outcome<std::unique_ptr<ClientRun>> create(sdk::LinkSettings settings,
                                                                    sdk::LinkEvents& events);
    ~ClientRun();

    /// Runs `action` on the shard.
    void post(std::function<void(sdk::NodeLink&)> action);
    /// Connects.
    void start();
    /// Says goodbye once everything is acknowledged, at most `grace` later, and waits for that.
    void finish(Duration grace);

  private:
    ClientRun() = default;

    Log log_;
    std::unique_ptr<runtime::BlockingPool> resolver_;
    std::unique_ptr<runtime::ShardGroup> shards_;
    std::unique_ptr<sdk::NodeLink> link_;
};

}  // namespace kith::cli

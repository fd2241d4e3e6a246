// All consoles on the live feed: when they are served, and whether they still may be.
//
// Every kLiveInterval, as long as there is anybody, the boards are brought up to date as far as
// somebody follows them, and each client is told what changed for it. A client whose session or
// token has ended is sent away within kLivePingInterval. Threads: shard-local.
// Limits: kLiveClientsMax.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/detail/live_client.h"
#include "api/detail/sampler.h"
#include "api/machine_board.h"
#include "api/metrics.h"
#include "runtime/shard.h"

namespace kith::api {

/// What the hub works with; all of it outlives the hub.
struct LiveParts {
    runtime::Shard& shard;
    Backend& backend;
    Sampler& sampler;
    TopicBoard& topics;
    UsageBoard& usage;
    MachineBoard& machines;
    ApiCounters& counters;
    /// True while the session or token of a caller is good.
    std::function<bool(const Caller&)> is_still_good;
};

class LiveHub {
  public:
    explicit LiveHub(const LiveParts& parts);
    LiveHub(const LiveHub&) = delete;
    LiveHub& operator=(const LiveHub&) = delete;

    /// Takes a WebSocket behind its handshake. Requires: has_room().
    void open(std::unique_ptr<runtime::Stream> stream, std::string rest, const Caller& caller);
    [[nodiscard]] bool has_room() const { return clients_.size() < kLiveClientsMax; }

    void note_stats();
    void note_event(const NodeEvent& event);
    /// Says goodbye to all.
    void close_all();

    // For LiveClient.
    [[nodiscard]] Backend& backend() { return parts_.backend; }
    [[nodiscard]] ApiCounters& counters() { return parts_.counters; }
    [[nodiscard]] LiveBoards boards() const {
        return {.topics = parts_.topics, .usage = parts_.usage, .machines = parts_.machines};
    }
    [[nodiscard]] WallTime wall_now() const { return parts_.shard.wall_now(); }
    void note_follow();
    void end(LiveClient& client);

  private:
    /// Frees clients that have ended, outside of their own callbacks.
    class BurialTask final : public runtime::Task {
      public:
        explicit BurialTask(LiveHub& hub) : hub_(hub) {}
        void run_task() override { hub_.ended_.clear(); }

      private:
        LiveHub& hub_;
    };

    void tick();
    void serve();
    void look_after_clients();
    void ask_subscribers();

    LiveParts parts_;
    std::vector<std::unique_ptr<LiveClient>> clients_;
    std::vector<std::unique_ptr<LiveClient>> ended_;
    BurialTask burial_{*this};
    runtime::CallbackTimer timer_;
    Instant looked_after_at_;
};

}  // namespace kith::api

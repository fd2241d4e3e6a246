// Asks the node, again and again, for what the boards show.
//
// Totals every kSampleInterval, topics as often or, while somebody follows some, whenever the live
// feed asks. Retained messages are read at the start and again when their number shows that the
// board has lost track of them. One question of a kind is under way at a time.
// Threads: shard-local.
#pragma once

#include <functional>
#include <vector>

#include "api/backend.h"
#include "api/topic_board.h"
#include "api/usage_board.h"
#include "runtime/shard.h"

namespace kith::api {

class Sampler {
  public:
    /// All outlive the sampler. `on_totals` is called after each new sample of the totals.
    Sampler(runtime::Shard& shard, Backend& backend, TopicBoard& topics, UsageBoard& usage);

    void start(std::function<void()> on_totals);
    void stop() { timer_.cancel(); }

    /// Calls `done` when the board knows what was published until now.
    void sample_topics(std::function<void()> done);
    /// Calls `done` when the usage board has a sample.
    void need_totals(std::function<void()> done);

  private:
    void tick();
    void sample_totals();
    void check_retained();
    void read_retained();

    runtime::Shard* shard_;
    Backend* backend_;
    TopicBoard* topics_;
    UsageBoard* usage_;
    runtime::CallbackTimer timer_;
    std::function<void()> on_totals_;
    std::vector<std::function<void()>> topics_waiting_;
    std::vector<std::function<void()>> totals_waiting_;
    bool is_asking_totals_ = false;
    bool is_reading_retained_ = false;
    Instant topics_sampled_at_;
    Instant retained_read_at_;
};

}  // namespace kith::api

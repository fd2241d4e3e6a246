// What the parts of the API server share.
#pragma once

#include "api/assets.h"
#include "api/detail/live_hub.h"
#include "api/detail/sampler.h"
#include "api/download.h"
#include "api/guard.h"
#include "api/machine_board.h"
#include "api/message_recorder.h"
#include "api/metrics.h"
#include "api/server.h"
#include "api/topic_board.h"
#include "api/usage_board.h"

namespace kith::api {

struct ApiState {
    ApiState(const ApiParts& parts_in, const ApiOptions& options_in,
             std::function<bool(const Caller&)> is_still_good)
        : parts(parts_in),
          options(options_in),
          guard(options_in.hosts),
          assets(options_in.assets),
          machines(parts_in.shard, parts_in.backend),
          recorder(parts_in.backend),
          downloads(parts_in.shard),
          sampler(parts_in.shard, parts_in.backend, topics, usage),
          live({.shard = parts_in.shard,
                .backend = parts_in.backend,
                .sampler = sampler,
                .topics = topics,
                .usage = usage,
                .machines = machines,
                .counters = counters,
                .is_still_good = std::move(is_still_good)}) {}

    ApiParts parts;
    ApiOptions options;
    Guard guard;
    AssetServer assets;
    ApiCounters counters;
    TopicBoard topics;
    UsageBoard usage;
    MachineBoard machines;
    MessageRecorder recorder;
    Downloads downloads;
    Sampler sampler;
    LiveHub live;
};

}  // namespace kith::api

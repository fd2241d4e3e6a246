// Runs a scenario against a broker: the shard on a thread of its own, the descriptors it needs, the
// broker's process.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "bench/scenario.h"

namespace kith::bench {

/// Options::target_text for the generator's own relay, whose address run() fills in.
inline constexpr const char* kOwnTarget = "self";

struct RunOptions {
    Options scenario;
    std::optional<int> broker_pid;
    std::function<void(std::string)> tell;  // progress; called on the shard's thread
};

/// Blocks until the report is there. Errors are texts for people: an unknown scenario, too few
/// descriptors, a broker that does not answer or is gone.
[[nodiscard]] Outcome run(RunOptions options);

}  // namespace kith::bench

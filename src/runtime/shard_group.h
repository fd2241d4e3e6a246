// The shards of one process: made together, started together, stopped together.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/ids.h"
#include "base/log.h"
#include "base/result.h"
#include "runtime/shard.h"

namespace kith::runtime {

struct ShardGroupOptions {
    std::uint16_t shard_count = 1;
    std::uint64_t seed = 0;  // 0 draws one from the system
};

/// Threads: made, started and stopped by one thread, which is none of the shards.
class ShardGroup {
  public:
    virtual ~ShardGroup() = default;
    [[nodiscard]] virtual std::uint16_t size() const = 0;
    /// Before start(), or from the shard itself.
    [[nodiscard]] virtual Shard& shard(ShardId id) = 0;
    /// Runs every shard on a thread of its own, named "kith-N".
    virtual void start() = 0;
    /// Ends all loops and joins their threads.
    virtual void stop() = 0;
};

/// Shards over epoll. Errors: Io when the kernel refuses a descriptor.
[[nodiscard]] Result<std::unique_ptr<ShardGroup>> make_epoll_shards(
    const ShardGroupOptions& options, const Log& log);

}  // namespace kith::runtime

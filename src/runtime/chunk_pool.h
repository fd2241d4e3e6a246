// Output chunks of one size, recycled on their shard, so that idle connections hold none and busy
// ones do not allocate. Threads: shard-local. Limits: kIdleChunksMax are kept, the rest is freed.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/limits.h"

namespace kith::runtime {

class ChunkPool {
  public:
    /// kChunkBytes of uninitialised memory, owned by the caller until give_back().
    [[nodiscard]] std::uint8_t* take();
    void give_back(std::uint8_t* chunk);

    [[nodiscard]] std::size_t idle_count() const { return idle_.size(); }

  private:
    std::vector<std::unique_ptr<std::uint8_t[]>> idle_;
};

}  // namespace kith::runtime

// Memory of small messages, used again: blocks that were freed on a thread wait there for the next.
//
// A message of QoS 1 lives for one exchange of packets; asking the allocator for each would be most
// of what it allocates. Under a sanitizer every block is a new one, so that it sees wrong uses.
// Threads: a cache is of its thread; a block may be freed on another one than it was taken on.
// Limits: blocks of up to kCachedBytesMax, kBlocksKeptMax of each size.
#pragma once

#include <cstddef>

namespace kith::broker {

inline constexpr std::size_t kCachedBytesMax = 512;
inline constexpr std::size_t kBlocksKeptMax = 256;

[[nodiscard]] void* take_block(std::size_t bytes);
/// Requires: `bytes` is what it was taken with.
void give_block(void* block, std::size_t bytes);

}  // namespace kith::broker

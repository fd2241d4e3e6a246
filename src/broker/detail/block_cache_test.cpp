#include "broker/detail/block_cache.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

namespace kith::broker {
namespace {

TEST(BlockCache, BlocksOfAllSizesAreOnesOwn) {
    std::vector<std::pair<void*, std::size_t>> blocks;
    for (std::size_t round = 0; round < 3; ++round) {
        for (std::size_t bytes = 1; bytes < 2 * kCachedBytesMax; bytes += 7) {
            void* block = take_block(bytes);
            std::memset(block, static_cast<int>(bytes & 0xFF), bytes);
            blocks.emplace_back(block, bytes);
        }
        for (const auto& [block, bytes] : blocks) {
            const auto* content = static_cast<const unsigned char*>(block);
            EXPECT_EQ(content[0], bytes & 0xFF);
            EXPECT_EQ(content[bytes - 1], bytes & 0xFF);
            give_block(block, bytes);
        }
        blocks.clear();
    }
}

TEST(BlockCache, TakesMoreBlocksBackThanItKeeps) {
    std::vector<void*> blocks;
    for (std::size_t i = 0; i < 3 * kBlocksKeptMax; ++i) {
        blocks.push_back(take_block(100));
    }
    for (void* block : blocks) {
        give_block(block, 100);
    }
}

TEST(BlockCache, ABlockMayEndOnAnotherThread) {
    void* block = take_block(200);
    std::thread([block] { give_block(block, 200); }).join();
}

}  // namespace
}  // namespace kith::broker

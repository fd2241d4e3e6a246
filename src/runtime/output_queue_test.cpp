#include "runtime/output_queue.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include <gtest/gtest.h>
#include <sys/uio.h>

#include "base/random.h"
#include "runtime/chunk_pool.h"

namespace kith::runtime {
namespace {

std::string content(const OutputQueue& queue) {
    std::array<iovec, 1024> vectors;
    const std::size_t count = queue.gather(vectors);
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
        text.append(static_cast<const char*>(vectors[i].iov_base), vectors[i].iov_len);
    }
    return text;
}

std::string pattern(std::size_t bytes, std::uint64_t seed) {
    Random random(seed);
    std::string text(bytes, '\0');
    for (char& c : text) {
        c = static_cast<char>('a' + random.below(26));
    }
    return text;
}

TEST(OutputQueue, ReserveQueuesNothingUntilCommit) {
    ChunkPool pool;
    OutputQueue queue(pool);
    const MutableBytes room = queue.reserve(100);
    ASSERT_EQ(room.size(), 100U);
    EXPECT_TRUE(queue.empty());
    EXPECT_TRUE(queue.front().empty());
    std::memcpy(room.data(), "hello", 5);
    queue.commit(5);
    EXPECT_EQ(as_text(queue.front()), "hello");
    queue.commit(0);
    EXPECT_EQ(content(queue), "hello");
}

TEST(OutputQueue, CommitOfNothingLeavesNoMemoryBehind) {
    ChunkPool pool;
    OutputQueue queue(pool);
    (void)queue.reserve(10);
    queue.commit(0);
    EXPECT_EQ(pool.idle_count(PieceSize::Small), 1U);
}

TEST(OutputQueue, AnEmptiedQueueGivesItsChunksBack) {
    ChunkPool pool;
    OutputQueue queue(pool);
    queue.append(as_bytes(pattern(kSmallChunkBytes + kChunkBytes, 1)));
    EXPECT_EQ(pool.idle_count(PieceSize::Large), 0U);
    queue.consume(queue.size_bytes());
    EXPECT_EQ(pool.idle_count(PieceSize::Large), 2U);
}

TEST(OutputQueue, ASmallFirstAppendTakesASmallChunk) {
    ChunkPool pool;
    OutputQueue queue(pool);
    queue.append(as_bytes("ping"));
    queue.clear();
    EXPECT_EQ(pool.idle_count(PieceSize::Small), 1U);
    EXPECT_EQ(pool.idle_count(PieceSize::Large), 0U);
}

TEST(OutputQueue, TakesSmallChunksBetweenReferences) {
    ChunkPool pool;
    OutputQueue queue(pool);
    const SharedBytes large = SharedBytes::copy_of(as_bytes(pattern(kReferenceBytesMin, 1)));
    for (int i = 0; i < 3; ++i) {
        queue.append(as_bytes("head"));
        queue.append(large);
    }
    queue.clear();
    EXPECT_EQ(pool.idle_count(PieceSize::Small), 3U);
    EXPECT_EQ(pool.idle_count(PieceSize::Large), 0U);
}

TEST(OutputQueue, CountsTheMemoryThatItHolds) {
    ChunkPool here;
    ChunkPool there;
    const SharedBytes large = SharedBytes::copy_of(as_bytes(pattern(10'000, 1)));
    {
        OutputQueue first(here);
        OutputQueue second(here);
        first.append(as_bytes("head"));
        EXPECT_EQ(here.bytes_in_use(), kSmallChunkBytes);
        first.append(large);   // two owners
        second.append(large);  // three
        EXPECT_EQ(here.bytes_in_use(), kSmallChunkBytes + 10'000 / 2 + 10'000 / 3);
        second.clear();
        EXPECT_EQ(here.bytes_in_use(), kSmallChunkBytes + 10'000 / 2);
        first.unbind();
        EXPECT_EQ(here.bytes_in_use(), 0U);
        first.rebind(there);
        EXPECT_GE(there.bytes_in_use(), first.size_bytes());
    }
    EXPECT_EQ(there.bytes_in_use(), 0U);
}

TEST(OutputQueue, LargeSharedBlocksAreReferencedAndSmallOnesCopied) {
    ChunkPool pool;
    OutputQueue queue(pool);
    const SharedBytes large = SharedBytes::copy_of(as_bytes(pattern(kReferenceBytesMin, 1)));
    const SharedBytes small = SharedBytes::copy_of(as_bytes(pattern(kReferenceBytesMin - 1, 2)));
    queue.append(large);
    queue.append(small);
    EXPECT_EQ(large.owner_count(), 2U);
    EXPECT_EQ(small.owner_count(), 1U);
    queue.consume(large.bytes().size());
    EXPECT_EQ(large.owner_count(), 1U);
    EXPECT_EQ(content(queue), as_text(small.bytes()));
}

TEST(OutputQueue, AReserveAfterAnUnusedReserveKeepsTheOrder) {
    ChunkPool pool;
    OutputQueue queue(pool);
    queue.append(as_bytes(pattern(kSmallChunkBytes, 1)));
    (void)queue.reserve(10);  // a chunk behind the full one, never committed
    const SharedBytes shared = SharedBytes::copy_of(as_bytes(pattern(kReferenceBytesMin, 2)));
    queue.append(shared);
    queue.append(as_bytes("end"));
    EXPECT_EQ(content(queue),
              pattern(kSmallChunkBytes, 1) + std::string(as_text(shared.bytes())) + "end");
}

TEST(OutputQueue, MovesToAnotherShardWithoutSharingAnything) {
    ChunkPool here;
    ChunkPool there;
    OutputQueue queue(here);
    const SharedBytes shared = SharedBytes::copy_of(as_bytes(pattern(5000, 3)));
    queue.append(as_bytes("before"));
    queue.append(shared);
    queue.append(as_bytes("after"));
    const std::string expected = content(queue);
    queue.unbind();
    EXPECT_EQ(shared.owner_count(), 1U);
    EXPECT_EQ(content(queue), expected);
    queue.consume(3);  // a queue between two shards may be read and consumed
    queue.rebind(there);
    queue.append(as_bytes("!"));
    EXPECT_EQ(content(queue), expected.substr(3) + "!");
    queue.clear();
    EXPECT_GE(there.idle_count(PieceSize::Small), 1U);
}

TEST(OutputQueue, DestroyedBetweenShardsFreesItsPieces) {
    ChunkPool pool;
    OutputQueue queue(pool);
    queue.append(as_bytes("bytes that nobody will send"));
    queue.unbind();
}

// Goal: against a plain string, any sequence of operations gives the same bytes.
TEST(OutputQueue, BehavesLikeAString) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Random random(seed);
        ChunkPool pool;
        ChunkPool other;
        OutputQueue queue(pool);
        std::string oracle;
        for (int step = 0; step < 300; ++step) {
            const std::string bytes = pattern(
                random.below(40) == 0 ? random.below(50'000) : random.below(3000), random.next());
            switch (random.below(6)) {
                case 0:
                    queue.append(as_bytes(bytes));
                    oracle += bytes;
                    break;
                case 1:
                    queue.append(SharedBytes::copy_of(as_bytes(bytes)));
                    oracle += bytes;
                    break;
                case 2: {
                    const std::size_t asked = std::min(bytes.size(), kChunkBytes);
                    const MutableBytes room = queue.reserve(asked);
                    const std::size_t used = random.below(asked + 1);
                    std::copy_n(bytes.begin(), used, room.begin());
                    queue.commit(used);
                    oracle += bytes.substr(0, used);
                    break;
                }
                case 3:
                    (void)queue.reserve(random.below(kChunkBytes));
                    break;
                case 4: {
                    const std::size_t count = random.below(queue.size_bytes() + 1);
                    queue.consume(count);
                    oracle.erase(0, count);
                    break;
                }
                default:
                    queue.unbind();
                    queue.rebind(random.chance(0.5) ? pool : other);
            }
            ASSERT_EQ(queue.size_bytes(), oracle.size());
            ASSERT_EQ(content(queue), oracle) << "seed " << seed << " step " << step;
        }
    }
}

}  // namespace
}  // namespace kith::runtime

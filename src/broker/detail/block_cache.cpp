#include "broker/detail/block_cache.h"

#include <array>
#include <new>

namespace kith::broker {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsCached = false;
#else
constexpr bool kIsCached = true;
#endif

constexpr std::size_t kStepBytes = 64;
constexpr std::size_t kSizes = kCachedBytesMax / kStepBytes;

struct FreeBlock {
    FreeBlock* next;
};

class BlockCache {
  public:
    BlockCache() = default;
    ~BlockCache() {
        for (List& list : lists_) {
            while (list.first != nullptr) {
                ::operator delete(list.take());
            }
        }
    }
    BlockCache(const BlockCache&) = delete;
    BlockCache& operator=(const BlockCache&) = delete;

    [[nodiscard]] void* take(std::size_t size) {
        List& list = lists_[size];
        return list.first != nullptr ? list.take() : ::operator new((size + 1) * kStepBytes);
    }
    void give(void* block, std::size_t size) {
        List& list = lists_[size];
        if (list.count == kBlocksKeptMax) {
            ::operator delete(block);
            return;
        }
        list.first = new (block) FreeBlock{list.first};
        ++list.count;
    }

  private:
    struct List {
        FreeBlock* first = nullptr;
        std::size_t count = 0;

        [[nodiscard]] void* take() {
            FreeBlock* block = first;
            first = block->next;
            --count;
            return block;
        }
    };
    std::array<List, kSizes> lists_{};
};

// style: of the thread and not of the shard, because the last owner of a message knows no shard.
thread_local BlockCache cache;

}  // namespace

void* take_block(std::size_t bytes) {
    if (!kIsCached || bytes > kCachedBytesMax || bytes == 0) {
        return ::operator new(bytes);
    }
    return cache.take((bytes - 1) / kStepBytes);
}

void give_block(void* block, std::size_t bytes) {
    if (!kIsCached || bytes > kCachedBytesMax || bytes == 0) {
        ::operator delete(block);
        return;
    }
    cache.give(block, (bytes - 1) / kStepBytes);
}

}  // namespace kith::broker

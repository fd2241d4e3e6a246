// An immutable block of bytes with several owners on one shard.
//
// A payload that waits for many receivers is stored once; each receiver holds a reference. The
// count is not atomic: a reference never leaves its shard (other shards get a copy or a moved
// owner). Layout: one allocation, count and size before the bytes. Threads: shard-local.
#pragma once

#include <cstdint>
#include <utility>

#include "base/bytes.h"

namespace kith {

class SharedBytes {
  public:
    SharedBytes() = default;
    ~SharedBytes() { release(); }
    SharedBytes(const SharedBytes& other) : block_(other.block_) { retain(); }
    SharedBytes(SharedBytes&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    SharedBytes& operator=(SharedBytes other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }

    /// A block that holds a copy of `bytes`.
    [[nodiscard]] static SharedBytes copy_of(Bytes bytes);

    /// A block to be filled through `fill` before anybody shares it.
    [[nodiscard]] static SharedBytes uninitialized(std::size_t bytes, MutableBytes& fill);

    [[nodiscard]] Bytes bytes() const;
    [[nodiscard]] bool empty() const { return bytes().empty(); }
    [[nodiscard]] std::uint32_t owner_count() const;

  private:
    struct Block {
        std::uint32_t owner_count;
        std::uint32_t size_bytes;
    };

    explicit SharedBytes(Block* block) : block_(block) {}
    void retain() {
        if (block_ != nullptr) {
            ++block_->owner_count;
        }
    }
    void release();

    Block* block_ = nullptr;
};

}  // namespace kith

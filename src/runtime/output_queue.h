// Bytes on their way out of a stream, gathered over one turn and written with one system call.
//
// Small pieces are copied into pooled chunks (cheaper than a reference each); large shared payloads
// are referenced. An empty queue holds no memory: its chunks go back to the shard's pool. Limits:
// chunk and reference sizes in limits.h. Threads: shard-local.
#pragma once

#include <boost/container/deque.hpp>
#include <cstddef>
#include <span>

#include "base/bytes.h"
#include "base/shared_bytes.h"

struct iovec;

namespace kith::runtime {

class ChunkPool;

class OutputQueue {
  public:
    explicit OutputQueue(ChunkPool& pool) : pool_(&pool) {}
    ~OutputQueue() { clear(); }
    OutputQueue(const OutputQueue&) = delete;
    OutputQueue& operator=(const OutputQueue&) = delete;

    /// `bytes` contiguous writable bytes at the end; nothing is queued until commit().
    /// Requires: bytes <= kChunkBytes. Larger pieces go through append().
    [[nodiscard]] MutableBytes reserve(std::size_t bytes);
    /// Queues the first `bytes` of the last reserve().
    void commit(std::size_t bytes);

    /// Copies `bytes`, of any length.
    void append(Bytes bytes);
    /// References `bytes` when that is cheaper than a copy.
    void append(const SharedBytes& shared);

    [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }
    [[nodiscard]] bool empty() const { return size_bytes_ == 0; }

    /// Fills `vectors` from the front; returns how many were filled. Valid until the next change.
    [[nodiscard]] std::size_t gather(std::span<iovec> vectors) const;
    /// The first contiguous piece; empty if the queue is.
    [[nodiscard]] Bytes front() const;
    /// Drops `bytes` from the front, once they are written. Requires: bytes <= size_bytes().
    void consume(std::size_t bytes);
    void clear();

    /// Moves the queue to another shard's pool: its content is copied there.
    void rebind(ChunkPool& pool);

  private:
    // One contiguous piece: a pooled chunk with a filled range, or a shared block.
    struct Piece {
        std::uint8_t* chunk = nullptr;  // owned by this queue, from the pool; null for shared
        SharedBytes shared;
        std::uint32_t begin = 0;
        std::uint32_t end = 0;
    };

    [[nodiscard]] static Bytes piece_bytes(const Piece& piece);
    void drop_front();

    ChunkPool* pool_;
    boost::container::deque<Piece> pieces_;
    std::size_t size_bytes_ = 0;
};

}  // namespace kith::runtime

// Bytes on their way out of a stream, gathered over one turn and written with one system call.
//
// Small pieces are copied into pooled chunks (cheaper than a reference each); large shared payloads
// are referenced. An empty queue holds no memory: its chunks go back to the shard's pool. Limits:
// chunk and reference sizes in limits.h. Threads: shard-local.
#pragma once

#include <cstddef>
#include <span>

#include "base/bytes.h"
#include "base/shared_bytes.h"

struct iovec;

namespace kith::runtime {

class ChunkPool;
struct OutputPiece;

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

    /// Leaves the shard: shared blocks, which may not, are copied. Until rebind() the queue may
    /// only be read, consumed and cleared.
    void unbind();
    /// Joins another shard's pool. Requires: unbind() on the old shard.
    void rebind(ChunkPool& pool);

  private:
    void push(OutputPiece* piece);
    void drop_front();
    void drop_empty_back();

    ChunkPool* pool_;  // null between unbind() and rebind()
    OutputPiece* first_ = nullptr;
    OutputPiece* last_ = nullptr;  // may be empty between reserve() and commit()
    std::size_t size_bytes_ = 0;
};

}  // namespace kith::runtime

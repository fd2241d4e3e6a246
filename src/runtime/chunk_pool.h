// The memory of output queues, recycled on its shard, so that idle connections hold none and busy
// ones do not allocate.
//
// Memory comes as pieces: a header with its bytes behind it. The header links pieces, so that a
// queue of any length needs no table. Three sizes: small for the one answer that most turns have to
// send, large for the busy stream, and none for a piece that references a shared block.
// Threads: shard-local. Limits: kIdle*Max pieces of each size are kept, the rest is freed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/shared_bytes.h"
#include "runtime/limits.h"

namespace kith::runtime {

enum class PieceSize : std::uint8_t { Reference, Small, Large };

/// One contiguous range of output: either its own bytes or those of a shared block.
struct OutputPiece {
    OutputPiece* next = nullptr;
    SharedBytes shared;  // empty but for PieceSize::Reference
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint32_t capacity_bytes = 0;  // of a reference: its part of the block, as it is counted
    PieceSize size = PieceSize::Reference;

    [[nodiscard]] std::uint8_t* memory() { return reinterpret_cast<std::uint8_t*>(this + 1); }
    [[nodiscard]] Bytes bytes() const {
        const std::uint8_t* first = size == PieceSize::Reference
                                        ? shared.bytes().data()
                                        : reinterpret_cast<const std::uint8_t*>(this + 1);
        return {first + begin, end - begin};
    }
    [[nodiscard]] std::uint32_t free_bytes() const {
        return size == PieceSize::Reference ? 0 : capacity_bytes - end;
    }
};

class ChunkPool {
  public:
    ChunkPool() = default;
    ~ChunkPool();
    ChunkPool(const ChunkPool&) = delete;
    ChunkPool& operator=(const ChunkPool&) = delete;

    /// An empty piece, owned by the caller until give_back().
    [[nodiscard]] OutputPiece* take(PieceSize size);
    void give_back(OutputPiece* piece);

    /// Makes a piece that take() gave refer to `shared`. A block with several owners counts in part
    /// with each.
    void refer(OutputPiece& piece, const SharedBytes& shared);
    /// A piece leaves for another shard's pool, or comes from one.
    void release(const OutputPiece& piece) { bytes_in_use_ -= piece.capacity_bytes; }
    void adopt(const OutputPiece& piece) { bytes_in_use_ += piece.capacity_bytes; }
    /// Memory of the pieces that queues hold now.
    [[nodiscard]] std::size_t bytes_in_use() const { return bytes_in_use_; }

    /// Without a pool: what give_back() does above the limit, and a queue between two shards.
    static void free_piece(OutputPiece* piece);

    [[nodiscard]] std::size_t idle_count(PieceSize size) const;

  private:
    struct IdleList {
        OutputPiece* first = nullptr;
        std::size_t count = 0;
    };
    [[nodiscard]] IdleList& idle_of(PieceSize size) {
        return idle_[static_cast<std::size_t>(size)];
    }

    std::array<IdleList, 3> idle_;
    std::size_t bytes_in_use_ = 0;
};

}  // namespace kith::runtime

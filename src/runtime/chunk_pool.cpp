#include "runtime/chunk_pool.h"

#include <new>

#include "base/check.h"
#include "base/narrow.h"

namespace kith::runtime {
namespace {

constexpr std::size_t capacity_of(PieceSize size) {
    switch (size) {
        case PieceSize::Reference:
            return 0;
        case PieceSize::Small:
            return kSmallChunkBytes;
        case PieceSize::Large:
            return kChunkBytes;
    }
    return 0;
}

constexpr std::size_t idle_max_of(PieceSize size) {
    return size == PieceSize::Large ? kIdleChunksMax : kIdleSmallChunksMax;
}

}  // namespace

ChunkPool::~ChunkPool() {
    for (IdleList& idle : idle_) {
        while (idle.first != nullptr) {
            OutputPiece* piece = idle.first;
            idle.first = piece->next;
            free_piece(piece);
        }
    }
}

OutputPiece* ChunkPool::take(PieceSize size) {
    IdleList& idle = idle_of(size);
    if (idle.first != nullptr) {
        OutputPiece* piece = idle.first;
        idle.first = piece->next;
        --idle.count;
        piece->next = nullptr;
        bytes_in_use_ += piece->capacity_bytes;
        return piece;
    }
    const std::size_t capacity_bytes = capacity_of(size);
    void* memory = ::operator new(sizeof(OutputPiece) + capacity_bytes);
    auto* piece = new (memory) OutputPiece;
    piece->capacity_bytes = static_cast<std::uint32_t>(capacity_bytes);
    piece->size = size;
    bytes_in_use_ += capacity_bytes;
    return piece;
}

void ChunkPool::refer(OutputPiece& piece, const SharedBytes& shared) {
    CHECK(piece.size == PieceSize::Reference);
    piece.shared = shared;
    piece.end = narrow<std::uint32_t>(shared.bytes().size());
    piece.capacity_bytes = piece.end / shared.owner_count();
    bytes_in_use_ += piece.capacity_bytes;
}

void ChunkPool::give_back(OutputPiece* piece) {
    CHECK(bytes_in_use_ >= piece->capacity_bytes);
    bytes_in_use_ -= piece->capacity_bytes;
    IdleList& idle = idle_of(piece->size);
    if (idle.count >= idle_max_of(piece->size)) {
        free_piece(piece);
        return;
    }
    piece->shared = SharedBytes();
    piece->begin = 0;
    piece->end = 0;
    if (piece->size == PieceSize::Reference) {
        piece->capacity_bytes = 0;
    }
    piece->next = idle.first;
    idle.first = piece;
    ++idle.count;
}

void ChunkPool::free_piece(OutputPiece* piece) {
    CHECK(piece != nullptr);
    piece->~OutputPiece();
    ::operator delete(piece);
}

std::size_t ChunkPool::idle_count(PieceSize size) const {
    return idle_[static_cast<std::size_t>(size)].count;
}

}  // namespace kith::runtime

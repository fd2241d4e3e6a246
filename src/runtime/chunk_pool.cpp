#include "runtime/chunk_pool.h"

#include <new>

#include "base/check.h"

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
        return piece;
    }
    const std::size_t capacity_bytes = capacity_of(size);
    void* memory = ::operator new(sizeof(OutputPiece) + capacity_bytes);
    auto* piece = new (memory) OutputPiece;
    piece->capacity_bytes = static_cast<std::uint32_t>(capacity_bytes);
    piece->size = size;
    return piece;
}

void ChunkPool::give_back(OutputPiece* piece) {
    IdleList& idle = idle_of(piece->size);
    if (idle.count >= idle_max_of(piece->size)) {
        free_piece(piece);
        return;
    }
    piece->shared = SharedBytes();
    piece->begin = 0;
    piece->end = 0;
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

#include "runtime/output_queue.h"

#include <algorithm>
#include <cstring>

#include <sys/uio.h>

#include "base/check.h"
#include "runtime/chunk_pool.h"

namespace kith::runtime {

MutableBytes OutputQueue::reserve(std::size_t bytes) {
    CHECK(bytes <= kChunkBytes);
    CHECK_TEXT(pool_ != nullptr, "output appended between two shards");
    if (last_ == nullptr || last_->free_bytes() < bytes) {
        drop_empty_back();
        // Between two references there is but a packet's head.
        const bool is_short = first_ == nullptr || last_->size == PieceSize::Reference;
        const bool small = is_short && bytes <= kSmallChunkBytes;
        push(pool_->take(small ? PieceSize::Small : PieceSize::Large));
    }
    return {last_->memory() + last_->end, bytes};
}

void OutputQueue::commit(std::size_t bytes) {
    if (bytes == 0) {
        drop_empty_back();
        return;
    }
    CHECK(last_ != nullptr);
    CHECK(bytes <= last_->free_bytes());
    last_->end += static_cast<std::uint32_t>(bytes);
    size_bytes_ += bytes;
}

void OutputQueue::append(Bytes bytes) {
    // Fills the last chunk first, so that many small appends end up in few pieces.
    while (!bytes.empty()) {
        const std::size_t room = last_ == nullptr ? 0 : last_->free_bytes();
        const std::size_t count = std::min(bytes.size(), room > 0 ? room : kChunkBytes);
        const MutableBytes target = reserve(count);
        std::memcpy(target.data(), bytes.data(), count);
        commit(count);
        bytes = bytes.subspan(count);
    }
}

void OutputQueue::append(const SharedBytes& shared) {
    const Bytes bytes = shared.bytes();
    if (bytes.size() < kReferenceBytesMin) {
        append(bytes);
        return;
    }
    CHECK_TEXT(pool_ != nullptr, "output appended between two shards");
    drop_empty_back();
    OutputPiece* piece = pool_->take(PieceSize::Reference);
    pool_->refer(*piece, shared);
    push(piece);
    size_bytes_ += bytes.size();
}

std::size_t OutputQueue::gather(std::span<iovec> vectors) const {
    std::size_t count = 0;
    const OutputPiece* piece = first_;
    while (piece != nullptr && count < vectors.size()) {
        const Bytes bytes = piece->bytes();
        if (!bytes.empty()) {
            vectors[count].iov_base = const_cast<std::uint8_t*>(bytes.data());
            vectors[count].iov_len = bytes.size();
            ++count;
        }
        piece = piece->next;
    }
    return count;
}

Bytes OutputQueue::front() const {
    return first_ == nullptr ? Bytes() : first_->bytes();
}

void OutputQueue::consume(std::size_t bytes) {
    CHECK(bytes <= size_bytes_);
    size_bytes_ -= bytes;
    while (bytes > 0) {
        const std::size_t count = std::min<std::size_t>(bytes, first_->end - first_->begin);
        first_->begin += static_cast<std::uint32_t>(count);
        bytes -= count;
        if (first_->begin == first_->end) {
            drop_front();
        }
    }
    if (size_bytes_ == 0) {
        clear();
    }
}

void OutputQueue::clear() {
    while (first_ != nullptr) {
        drop_front();
    }
    size_bytes_ = 0;
}

void OutputQueue::unbind() {
    drop_empty_back();
    OutputPiece* piece = first_;
    first_ = nullptr;
    last_ = nullptr;
    size_bytes_ = 0;
    while (piece != nullptr) {
        OutputPiece* next = piece->next;
        piece->next = nullptr;
        if (piece->size == PieceSize::Reference) {
            append(piece->bytes());
            pool_->give_back(piece);
        } else {
            size_bytes_ += piece->end - piece->begin;
            push(piece);
        }
        piece = next;
    }
    for (const OutputPiece* moved = first_; moved != nullptr; moved = moved->next) {
        pool_->release(*moved);
    }
    pool_ = nullptr;
}

void OutputQueue::rebind(ChunkPool& pool) {
    CHECK_TEXT(pool_ == nullptr, "output still belongs to another shard");
    pool_ = &pool;
    for (const OutputPiece* piece = first_; piece != nullptr; piece = piece->next) {
        pool.adopt(*piece);
    }
}

void OutputQueue::push(OutputPiece* piece) {
    if (last_ == nullptr) {
        first_ = piece;
    } else {
        last_->next = piece;
    }
    last_ = piece;
}

void OutputQueue::drop_front() {
    OutputPiece* piece = first_;
    first_ = piece->next;
    if (first_ == nullptr) {
        last_ = nullptr;
    }
    if (pool_ != nullptr) {
        pool_->give_back(piece);
    } else {
        ChunkPool::free_piece(piece);
    }
}

void OutputQueue::drop_empty_back() {
    if (last_ == nullptr || last_->begin != last_->end) {
        return;
    }
    if (first_ == last_) {
        drop_front();
        return;
    }
    // Only a reserve() without commit() gets here, so that the walk is rare.
    OutputPiece* piece = first_;
    while (piece->next != last_) {
        piece = piece->next;
    }
    OutputPiece* empty = last_;
    piece->next = nullptr;
    last_ = piece;
    pool_->give_back(empty);
}

}  // namespace kith::runtime

#include "base/shared_bytes.h"

#include <cstring>
#include <new>

#include "base/narrow.h"

namespace kith {

SharedBytes SharedBytes::copy_of(Bytes bytes) {
    MutableBytes fill;
    SharedBytes shared = uninitialized(bytes.size(), fill);
    if (!bytes.empty()) {
        std::memcpy(fill.data(), bytes.data(), bytes.size());
    }
    return shared;
}

SharedBytes SharedBytes::uninitialized(std::size_t bytes, MutableBytes& fill) {
    void* memory = ::operator new(sizeof(Block) + bytes);
    auto* block = new (memory) Block{.owner_count = 1, .size_bytes = narrow<std::uint32_t>(bytes)};
    fill = MutableBytes(reinterpret_cast<std::uint8_t*>(block + 1), bytes);
    return SharedBytes(block);
}

Bytes SharedBytes::bytes() const {
    if (block_ == nullptr) {
        return {};
    }
    return {reinterpret_cast<const std::uint8_t*>(block_ + 1), block_->size_bytes};
}

std::uint32_t SharedBytes::owner_count() const {
    return block_ == nullptr ? 0 : block_->owner_count;
}

void SharedBytes::release() {
    if (block_ != nullptr && --block_->owner_count == 0) {
        ::operator delete(block_);
    }
    block_ = nullptr;
}

}  // namespace kith

// One fast, seedless, non-cryptographic hash (XXH3, 64 bit), the same on every run and machine.
//
// Stable because shard placement and tests depend on it. Not for anything that an attacker may
// choose to collide at a cost: tables keyed by client-chosen text bound their size instead.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace kith {

[[nodiscard]] std::uint64_t hash_bytes(Bytes bytes);

[[nodiscard]] inline std::uint64_t hash_text(std::string_view text) {
    return hash_bytes(as_bytes(text));
}

/// Transparent hasher for containers keyed by text.
struct TextHash {
    using is_transparent = void;
    using is_avalanching = void;  // tells Boost that the bits need no further mixing
    std::size_t operator()(std::string_view text) const { return hash_text(text); }
};

}  // namespace kith

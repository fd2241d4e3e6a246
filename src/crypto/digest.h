// SHA-256, and a comparison that takes as long for equal bytes as for different ones.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace kith::crypto {

using Digest = std::array<std::uint8_t, 32>;

[[nodiscard]] Digest sha256(Bytes bytes);

/// Compares secrets. Only the lengths show in the time that it takes.
[[nodiscard]] bool equal_in_constant_time(Bytes a, Bytes b);

}  // namespace kith::crypto

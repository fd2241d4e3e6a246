// Hexadecimal text back to bytes; the way there is to_hex() in base/bytes.h.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace kith {

/// The bytes of lower-case hexadecimal digits, two each; none if the text is anything else.
[[nodiscard]] std::vector<std::uint8_t> from_hex(std::string_view text);

}  // namespace kith

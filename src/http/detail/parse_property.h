// What must hold for any bytes that reach the request parser; the fuzzer and a unit test share it.
#pragma once

#include <string>

#include "base/bytes.h"

namespace kith::http::detail {

/// Parses `bytes` in pieces of `piece_bytes` and writes down every request, and whether the last
/// one was finished. Two ways of cutting the same bytes must give the same text.
[[nodiscard]] std::string transcript(Bytes bytes, std::size_t piece_bytes);

}  // namespace kith::http::detail

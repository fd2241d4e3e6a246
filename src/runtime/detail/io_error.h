// An errno as an Error: kind Io, code errno, and a text for people.
#pragma once

#include "base/result.h"

namespace kith::runtime {

/// `fallback` is the text for an errno that has none of its own here; static storage.
[[nodiscard]] Error io_error(int errno_value, const char* fallback);

}  // namespace kith::runtime

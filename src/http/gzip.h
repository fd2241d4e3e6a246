// Unpacks what is stored compressed for the few clients that do not take gzip.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace kith::http {

/// Errors: Malformed if `packed` is not one whole gzip member; Limit beyond `bytes_max`.
[[nodiscard]] Result<std::string> gunzip(Bytes packed, std::size_t bytes_max);

}  // namespace kith::http

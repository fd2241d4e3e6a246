// Where a list goes on: the name of what was shown last, as a text that clients do not read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "crypto/base64.h"

namespace kith::api {

[[nodiscard]] inline std::string to_cursor(std::string_view place) {
    return crypto::to_base64(as_bytes(place), crypto::Base64::Url);
}

/// Nothing if it is none.
[[nodiscard]] inline std::optional<std::string> from_cursor(std::string_view cursor) {
    const auto place = crypto::from_base64(cursor, crypto::Base64::Url);
    return place ? std::optional(std::string(as_text(*place))) : std::nullopt;
}

}  // namespace kith::api

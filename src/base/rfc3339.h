// Reads times as people and programs write them: RFC 3339, "2026-05-02T10:00:00.250Z".
//
// The other way is to_rfc3339() in time.h. Pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace kith {

/// UTC only, with `Z` at the end; up to three digits of a second's fraction. Nothing if `text` is
/// something else or no day of the calendar.
[[nodiscard]] std::optional<WallTime> parse_rfc3339(std::string_view text);

}  // namespace kith

// Finds one number in JSON text without building anything.
//
// For searches over the last values of very many topics, where a tree for each would cost too much.
// Works on text that was cut off: what stands before the cut is found. Not a validator: of text
// that is not JSON the answer is nullopt or some number that stands there, never a failure.
#pragma once

#include <optional>
#include <string_view>

namespace kith::json {

/// `text` as one bare number, white space around it allowed: "21.5", " -3e2\n".
[[nodiscard]] std::optional<double> bare_number(std::string_view text);

/// The number that the member `name` of the outermost object has; names with escapes are not
/// found. `{"v":61,"at":{"v":2}}` has v = 61.
[[nodiscard]] std::optional<double> member_number(std::string_view text, std::string_view name);

}  // namespace kith::json

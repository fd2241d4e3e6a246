// Fewer filters that match at least what many do: for what a node tells of its interest when the
// filters themselves are too many to be told.
//
// Siblings become `+`, then what is deep is cut to `#`, the least loss first and no further than
// needed. A topic that one of the filters matches, one of the superset does; others cost a message
// that its receiver drops. Wildcards at the first level do not match the server's own topics
// [MQTT-4.7.2-1], so filters of those become kReservedTopics, which is no filter that a client can
// have. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kith::mesh {

/// Stands for all topics that begin with `$`.
inline constexpr std::string_view kReservedTopics = "$#";

/// Filters in order, none twice, of together `bytes_max` or as few as can be: `#` and
/// kReservedTopics at the end. A filter counts its text and `overhead_bytes`.
struct SupersetBudget {
    std::size_t bytes_max;
    std::size_t overhead_bytes;
};
[[nodiscard]] std::vector<std::string> superset(const std::vector<std::string_view>& filters,
                                                const SupersetBudget& budget);

/// Whether `told` matches every topic that `wanted` does. Both are filters or kReservedTopics.
[[nodiscard]] bool covers(std::string_view told, std::string_view wanted);

}  // namespace kith::mesh

// Test support: random topics and filters of few levels, so that many match.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/random.h"

namespace kith::broker::testing {

enum class Wildcards : bool { No, Yes };

/// One to five of `levels`; with wildcards a filter.
inline std::string random_path(Random& random, std::span<const std::string_view> levels,
                               Wildcards wildcards) {
    const bool is_filter = wildcards == Wildcards::Yes;
    std::string path;
    const std::uint64_t count = 1 + random.below(5);
    for (std::uint64_t i = 0; i < count; ++i) {
        if (i > 0) {
            path += '/';
        }
        if (is_filter && i + 1 == count && random.chance(0.2)) {
            path += '#';
        } else if (is_filter && random.chance(0.25)) {
            path += '+';
        } else {
            path += levels[random.below(levels.size())];
        }
    }
    return path.empty() ? "a" : path;
}

}  // namespace kith::broker::testing

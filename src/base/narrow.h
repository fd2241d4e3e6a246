// Integer conversions that cannot lose a value in silence.
#pragma once

#include <utility>

#include "base/check.h"

namespace kith {

/// Converts between integer types; CHECKs that the value fits. For values that this program
/// computed: a number from outside is compared with its limit first.
template <typename To, typename From>
[[nodiscard]] constexpr To narrow(From value) {
    CHECK(std::in_range<To>(value));
    return static_cast<To>(value);
}

}  // namespace kith

// The version of this build, as in the project's CMakeLists.txt.
#pragma once

#include <string_view>

namespace kith {

/// "0.1.0".
[[nodiscard]] std::string_view version();

}  // namespace kith

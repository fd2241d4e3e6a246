// The description of this API for programs, as it is served: openapi.json, embedded by the build.
#pragma once

#include <string_view>

namespace kith::api {

[[nodiscard]] std::string_view openapi_json();

}  // namespace kith::api

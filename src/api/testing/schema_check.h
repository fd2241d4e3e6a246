// Checks JSON against the schemas of openapi.json: the part of JSON Schema that stands there.
#pragma once

#include <string>
#include <string_view>

namespace kith::api {

/// Empty if `body` is what openapi.json says about this response; otherwise what is wrong.
/// `path` is the path of a request, not of a pattern.
[[nodiscard]] std::string check_response(std::string_view method, std::string_view path, int status,
                                         std::string_view content_type, std::string_view body);

/// Empty if `body` is a value of components/schemas/`name`.
[[nodiscard]] std::string check_schema(std::string_view name, std::string_view body);

}  // namespace kith::api

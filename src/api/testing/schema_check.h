// Checks JSON against the schemas of openapi.json: the part of JSON Schema that stands there.
#pragma once

#include <string>
#include <string_view>

namespace kith::api {

struct CheckedResponse {
    std::string_view method;
    std::string_view path;  // of the request, not a pattern
    int status = 0;
    std::string_view content_type;
    std::string_view body;
};

/// Empty if the response is what openapi.json says about it; otherwise what is wrong.
[[nodiscard]] std::string check_response(const CheckedResponse& response);

/// Empty if `body` is a value of components/schemas/`name`.
[[nodiscard]] std::string check_schema(std::string_view name, std::string_view body);

}  // namespace kith::api

// Answers that say what went wrong: application/problem+json (RFC 9457).
//
// `code` is a stable dotted word that programs may test ("session.required"); `detail` is a
// sentence for people. Every code stands in docs/reference/http.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/response.h"

namespace kith::api {

struct Problem {
    std::uint16_t status = 500;
    std::string_view code;  // static
    std::string detail = {};
    std::optional<std::int64_t> retry_after_s = {};
    std::optional<std::int64_t> tries_left = {};
};

/// As a JSON object; also inside live messages.
[[nodiscard]] std::string to_json(const Problem& problem);
[[nodiscard]] http::Response to_response(const Problem& problem);

/// The problem of an expected failure: its kind gives the status, `subject` the first word of the
/// code ("topic" and Invalid make "topic.invalid").
[[nodiscard]] Problem to_problem(const Error& error, std::string_view subject);

}  // namespace kith::api

#include "api/problem.h"

#include <algorithm>

#include "json/writer.h"

namespace kith::api {
namespace {

struct Meaning {
    ErrorKind kind;
    std::uint16_t status;
    std::string_view word;
};

constexpr Meaning kMeanings[] = {
    {ErrorKind::Malformed, 400, "invalid"},
    {ErrorKind::Invalid, 400, "invalid"},
    {ErrorKind::Unsupported, 400, "unsupported"},
    {ErrorKind::Denied, 403, "refused"},
    {ErrorKind::NotFound, 404, "unknown"},
    {ErrorKind::Conflict, 409, "conflict"},
    {ErrorKind::Limit, 429, "limit"},
    {ErrorKind::Unavailable, 503, "unavailable"},
};
constexpr Meaning kOther{ErrorKind::Io, 503, "unavailable"};

/// Codes are static text: every pair that can occur is listed.
constexpr std::string_view kCodes[] = {
    "topic.invalid",
    "topic.unsupported",
    "topic.refused",
    "topic.unknown",
    "topic.limit",
    "topic.unavailable",
    "machine.invalid",
    "machine.unsupported",
    "machine.refused",
    "machine.unknown",
    "machine.limit",
    "machine.unavailable",
    "publish.invalid",
    "publish.unsupported",
    "publish.refused",
    "publish.limit",
    "publish.unavailable",
    "token.invalid",
    "token.refused",
    "token.unknown",
    "token.conflict",
    "token.limit",
    "token.unavailable",
    "query.invalid",
    "query.limit",
    "search.invalid",
    "search.limit",
    "feed.invalid",
    "feed.unsupported",
    "feed.limit",
    "feed.unavailable",
    "body.invalid",
    "body.limit",
    "trace.invalid",
    "trace.limit",
    "trace.unknown",
    "log.limit",
    "log.unknown",
    "user.invalid",
    "user.unavailable",
    "user.unknown",
    "user.conflict",
    "user.limit",
    "user.refused",
    "machine.conflict",
    "claim_code.invalid",
    "claim_code.unknown",
    "claim_code.limit",
    "claim_code.unavailable",
    "role.invalid",
    "role.refused",
    "role.unknown",
    "role.limit",
    "role.unavailable",
    "audit.unavailable",
    "mesh.unknown",
    "mesh.conflict",
};

}  // namespace

std::string to_json(const Problem& problem) {
    std::string out;
    json::Writer json(out);
    json.begin_object();
    json.field("type", "about:blank");
    json.field("title", http::reason_phrase(problem.status));
    json.field("status", problem.status);
    json.field("code", problem.code);
    if (!problem.detail.empty()) {
        json.field("detail", problem.detail);
    }
    if (problem.retry_after_s) {
        json.field("retry_after_s", *problem.retry_after_s);
    }
    if (problem.tries_left) {
        json.field("tries_left", *problem.tries_left);
    }
    json.end_object();
    return out;
}

http::Response to_response(const Problem& problem) {
    http::Response response;
    response.status = problem.status;
    response.headers.add("Content-Type", "application/problem+json");
    if (problem.retry_after_s) {
        response.headers.add("Retry-After", std::to_string(*problem.retry_after_s));
    }
    if (problem.status == 401) {
        response.headers.add("WWW-Authenticate", "Bearer");
    }
    response.body = to_json(problem);
    return response;
}

Problem to_problem(const Error& error, std::string_view subject) {
    const auto* found = std::ranges::find(kMeanings, error.kind, &Meaning::kind);
    const Meaning& meaning = found == std::end(kMeanings) ? kOther : *found;
    const std::string wanted = std::string(subject) + "." + std::string(meaning.word);
    const auto* code = std::ranges::find(kCodes, wanted);
    return {.status = meaning.status,
            .code = code == std::end(kCodes) ? std::string_view("internal") : *code,
            .detail = error.text};
}

}  // namespace kith::api

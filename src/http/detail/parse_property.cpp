#include "http/detail/parse_property.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/check.h"
#include "http/request_parser.h"

namespace kith::http::detail {
namespace {

constexpr RequestLimits kLimits{.head_bytes_max = 512, .body_bytes_max = 256};

void describe(const Request& request, std::string& out) {
    CHECK(request.body.size() <= kLimits.body_bytes_max);
    CHECK(request.segments.size() <= kPathSegmentsMax);
    fmt::format_to(std::back_inserter(out), "{} {} host={} keep={} upgrade={} body={}\n",
                   to_string(request.method), request.target, request.host, request.keep_alive,
                   request.is_upgrade, request.body);
    for (const Header& field : request.headers.fields()) {
        out.append(field.name).append("=").append(field.value).append("\n");
    }
}

/// Drives the parser as a server does; false when the connection would be closed.
bool drive(RequestParser& parser, Result<Progress> progress, std::string& out) {
    while (progress && *progress != Progress::NeedMore) {
        if (*progress == Progress::Complete) {
            describe(parser.take(), out);
        }
        progress = parser.resume();
    }
    if (!progress) {
        CHECK(progress.error().code >= 400 && progress.error().code < 600);
    }
    return progress.has_value();
}

}  // namespace

std::string transcript(Bytes bytes, std::size_t piece_bytes) {
    RequestParser parser(kLimits);
    std::string out;
    while (!bytes.empty()) {
        const std::size_t size = std::min(piece_bytes, bytes.size());
        if (!drive(parser, parser.feed(bytes.first(size)), out)) {
            return out + "unfinished\n";
        }
        bytes = bytes.subspan(size);
    }
    // Refused and cut off are one: which of them a broken head is depends on the cuts, because a
    // fault may be seen before or after the end of the head.
    return out + (parser.is_idle() ? "idle\n" : "unfinished\n");
}

}  // namespace kith::http::detail

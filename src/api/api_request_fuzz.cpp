// Any target and body of a request, as the API reads them: path, query and JSON. Nothing breaks,
// and what was read can be written down and read again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/detail/body.h"
#include "api/route_table.h"
#include "base/check.h"
#include "http/url.h"

namespace kith::api {
namespace {

constexpr std::string_view kNames[] = {"name", "role", "topic",  "payload", "qos",
                                       "id",   "code", "retain", "cursor",  "limit"};

void read_path(std::string_view path) {
    const auto segments = http::split_path(path);
    if (!segments) {
        return;
    }
    std::string again;
    for (const std::string& segment : *segments) {
        again += "/" + http::percent_encode(segment);
    }
    CHECK(http::split_path(again) == *segments);
    for (const http::Method method :
         {http::Method::Get, http::Method::Post, http::Method::Delete, http::Method::Head}) {
        const RouteMatch match = match_route(method, *segments);
        for (const std::string& parameter : match.parameters) {
            CHECK(std::ranges::find(*segments, parameter) != segments->end());
        }
    }
}

void read_query(std::string_view text) {
    const auto query = http::Query::parse(text);
    if (!query) {
        return;
    }
    QueryReader reader(*query);
    for (const std::string_view name : kNames) {
        static_cast<void>(reader.text(name));
        static_cast<void>(reader.flag(name));
        const std::int64_t number = reader.integer(name, 7, 1, 100);
        CHECK(number >= 1);
        CHECK(number <= 100);
    }
}

void read_body(std::string_view text) {
    Body body(text);
    for (const std::string_view name : kNames) {
        static_cast<void>(body.text(name));
        static_cast<void>(body.optional_text(name));
        static_cast<void>(body.flag(name));
        const auto number = body.optional_integer(name, -5, 5);
        CHECK(!number || (*number >= -5 && *number <= 5) || body.problem());
    }
    CHECK(!body.problem() || !body.problem()->detail.empty());
}

}  // namespace
}  // namespace kith::api

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(bytes), size);
    const std::size_t line_end = std::min(input.find('\n'), input.size());
    const std::string_view target = input.substr(0, line_end);
    const std::size_t mark = std::min(target.find('?'), target.size());
    kith::api::read_path(target.substr(0, mark));
    kith::api::read_query(target.substr(std::min(mark + 1, target.size())));
    kith::api::read_body(input.substr(std::min(line_end + 1, input.size())));
    return 0;
}

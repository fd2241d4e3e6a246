#include "http/response.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/check.h"

namespace kith::http {
namespace {

struct Reason {
    std::uint16_t status;
    std::string_view phrase;
};

constexpr Reason kReasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

bool has_body(std::uint16_t status) {
    return status >= 200 && status != 204 && status != 304;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    CHECK_TEXT(name.find_first_of("\r\n:") == std::string_view::npos, "bad header name");
    CHECK_TEXT(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos,
               "bad header value");
    out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

void serialize(const Response& response, const SerializeOptions& options, std::string& out) {
    CHECK(response.body.empty() || response.static_body.empty());
    CHECK(!response.streamed_bytes || (response.body.empty() && response.static_body.empty()));
    const std::string_view body =
        response.static_body.empty() ? response.body : as_text(response.static_body);
    fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", response.status,
                   reason_phrase(response.status));
    append_field(out, "Date", to_http_date(options.date));
    for (const Header& field : response.headers.fields()) {
        append_field(out, field.name, field.value);
    }
    if (has_body(response.status)) {
        append_field(out, "Content-Length",
                     std::to_string(response.streamed_bytes.value_or(body.size())));
    }
    if (response.status != 101 && options.keep_alive == KeepAlive::No) {
        append_field(out, "Connection", "close");
    }
    out.append("\r\n");
    if (has_body(response.status) && options.send_body == SendBody::Yes) {
        out.append(body);
    }
}

std::string_view reason_phrase(std::uint16_t status) {
    const auto* found = std::ranges::find(kReasons, status, &Reason::status);
    return found == std::end(kReasons) ? "Status" : found->phrase;
}

std::string to_http_date(WallTime time) {
    using namespace std::chrono;
    static constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const sys_seconds point = floor<seconds>(sys_time<milliseconds>(milliseconds(time.ms())));
    const auto day = floor<days>(point);
    const year_month_day date{day};
    const hh_mm_ss<seconds> clock{point - day};
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[weekday(day).c_encoding()],
                       static_cast<unsigned>(date.day()),
                       kMonths[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count());
}

}  // namespace kith::http

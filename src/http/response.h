// HTTP/1.1 responses as bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "http/headers.h"

namespace kith::http {

struct Response {
    std::uint16_t status = 200;
    /// Without Content-Length, Connection and Date, which the serializer adds.
    Headers headers;
    std::string body;
    /// Instead of `body`: bytes that live as long as the program (console files).
    Bytes static_body;
    /// Instead of both: so many bytes follow, which somebody else sends.
    std::optional<std::uint64_t> streamed_bytes;
};

enum class KeepAlive : bool { No, Yes };
enum class SendBody : bool { No, Yes };  // No: the answer to HEAD

struct SerializeOptions {
    KeepAlive keep_alive = KeepAlive::Yes;
    SendBody send_body = SendBody::Yes;
    WallTime date = {};
};

/// Appends the response to `out`. Requires: header names and values of this program's making; one
/// with a line break is a broken invariant.
void serialize(const Response& response, const SerializeOptions& options, std::string& out);

/// "Not Found" for 404.
[[nodiscard]] std::string_view reason_phrase(std::uint16_t status);

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7).
[[nodiscard]] std::string to_http_date(WallTime time);

}  // namespace kith::http

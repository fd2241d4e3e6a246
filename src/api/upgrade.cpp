#include "api/upgrade.h"

#include "crypto/base64.h"
#include "http/headers.h"
#include "wire/websocket/handshake.h"

namespace kith::api {
namespace {

constexpr std::size_t kKeyBytes = 16;

tl::unexpected<Problem> refused(const char* detail) {
    return tl::unexpected(Problem{.status = 400, .code = "upgrade.invalid", .detail = detail});
}

}  // namespace

tl::expected<http::Response, Problem> accept_websocket(const http::Request& request,
                                                       std::string_view subprotocol) {
    const http::Headers& headers = request.headers;
    const bool wants_websocket =
        request.is_upgrade && request.method == http::Method::Get &&
        http::list_contains(headers.find("Upgrade").value_or(""), "websocket");
    if (!wants_websocket) {
        return tl::unexpected(Problem{.status = 426,
                                      .code = "upgrade.required",
                                      .detail = "this is a WebSocket: connect with one"});
    }
    if (headers.find("Sec-WebSocket-Version").value_or("") != "13") {
        return refused("only WebSocket version 13 is spoken");
    }
    const std::string_view key = headers.find("Sec-WebSocket-Key").value_or("");
    const auto key_bytes = crypto::from_base64(key, crypto::Base64::Padded);
    if (!key_bytes || key_bytes->size() != kKeyBytes) {
        return refused("Sec-WebSocket-Key is not 16 bytes in base64");
    }
    http::Response response;
    response.status = 101;
    response.headers.add("Upgrade", "websocket");
    response.headers.add("Connection", "Upgrade");
    response.headers.add("Sec-WebSocket-Accept", websocket::accept_key(key));
    if (!subprotocol.empty()) {
        const auto offered = headers.find("Sec-WebSocket-Protocol").value_or("");
        if (!http::list_contains(offered, subprotocol)) {
            return refused("the client does not offer the subprotocol that is spoken here");
        }
        response.headers.add("Sec-WebSocket-Protocol", subprotocol);
    }
    return response;
}

}  // namespace kith::api

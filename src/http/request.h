// One HTTP request as a server sees it, decoded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/headers.h"
#include "http/url.h"

namespace kith::http {

enum class Method : std::uint8_t { Get, Head, Post, Put, Patch, Delete, Options, Other };

/// "GET", "HEAD" ...; "OTHER".
[[nodiscard]] std::string_view to_string(Method method);

struct Request {
    Method method = Method::Get;
    std::string target;                 // as it was sent: "/api/v1/topics?parent=a%2Fb"
    std::vector<std::string> segments;  // of its path, decoded: {"api", "v1", "topics"}
    Query query;
    std::string host;  // of Host, or of a target in absolute form; with its port, if it has one
    Headers headers;
    std::string body;
    bool keep_alive = true;   // what version and Connection say together
    bool is_upgrade = false;  // Connection: upgrade
};

}  // namespace kith::http

// Every resource of the API: method, path, who may use it, how long its body may be, who answers.
//
// docs/reference/http.md and openapi.json say the same to people and programs; tests compare them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"
#include "http/request.h"

namespace kith::api {

class Handlers;

enum class Access : std::uint8_t {
    Open,      // everybody
    Optional,  // everybody; who shows credentials must show good ones
    Metrics,   // viewers, and who asks from this very machine
    Viewer,
    Operator,
    Admin,
};

struct Route {
    http::Method method;
    std::string_view pattern;  // "/api/v1/machines/{id}/messages"
    Access access;
    std::size_t body_bytes_max;
    void (Handlers::*handler)(const Call&, const Respond&);
};

[[nodiscard]] std::span<const Route> routes();

struct RouteMatch {
    const Route* route = nullptr;
    std::vector<std::string> parameters;
    std::string allowed;  // methods of this path, for 405; empty if there is no such path
};

/// HEAD is answered by GET's route.
[[nodiscard]] RouteMatch match_route(http::Method method, std::span<const std::string> segments);

}  // namespace kith::api

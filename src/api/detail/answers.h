// The few kinds of success.
#pragma once

#include <string>
#include <utility>

#include "http/response.h"
#include "json/writer.h"

namespace kith::api {

[[nodiscard]] inline http::Response json_response(std::string body, std::uint16_t status = 200) {
    http::Response response;
    response.status = status;
    response.headers.add("Content-Type", "application/json");
    response.body = std::move(body);
    return response;
}

[[nodiscard]] inline http::Response no_content() {
    http::Response response;
    response.status = 204;
    return response;
}

[[nodiscard]] inline http::Response text_response(std::string body, std::uint16_t status = 200) {
    http::Response response;
    response.status = status;
    response.headers.add("Content-Type", "text/plain; charset=utf-8");
    response.body = std::move(body);
    return response;
}

/// A value that has a write() in json_views.h, as a response.
template <typename T>
[[nodiscard]] http::Response view_response(const T& value) {
    std::string body;
    json::Writer json(body);
    write(json, value);
    return json_response(std::move(body));
}

}  // namespace kith::api

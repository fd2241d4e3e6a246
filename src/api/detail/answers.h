// The few kinds of answers, and the ways to come to one.
//
// A handler reads a body or a query, says what is wrong with it (is_refused()), asks somebody, and
// answers with what they say (done_or_problem(), shown_or_problem()).
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "api/call.h"
#include "api/problem.h"
#include "base/result.h"
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

/// An object whose members `write_members` writes.
template <typename Write>
[[nodiscard]] http::Response object_response(Write&& write_members, std::uint16_t status = 200) {
    std::string body;
    json::Writer json(body);
    json.begin_object();
    write_members(json);
    json.end_object();
    return json_response(std::move(body), status);
}

/// How an item is written that has a write() in json_views.h.
inline constexpr auto kAsView = [](json::Writer& json, const auto& item) { write(json, item); };

/// The member `items`, each of them written by `write_one`.
template <typename Items, typename Write>
void write_items(json::Writer& json, const Items& items, Write&& write_one) {
    json.key("items");
    json.begin_array();
    for (const auto& item : items) {
        write_one(json, item);
    }
    json.end_array();
}

/// {"items": [...], "next": null}: a list that is whole.
template <typename Items, typename Write>
[[nodiscard]] http::Response list_response(const Items& items, Write&& write_one) {
    return object_response([&](json::Writer& json) {
        write_items(json, items, write_one);
        json.null_field("next");
    });
}

/// A value that has a write() in json_views.h, as a response.
template <typename T>
[[nodiscard]] http::Response view_response(const T& value) {
    std::string body;
    json::Writer json(body);
    write(json, value);
    return json_response(std::move(body));
}

/// What failed; `subject` is the first word of its code.
[[nodiscard]] inline http::Response error_response(const Error& error, std::string_view subject) {
    return to_response(to_problem(error, subject));
}

/// Nothing more to say, or why it was not done.
[[nodiscard]] inline http::Response done_response(const Status& done, std::string_view subject) {
    return done ? no_content() : error_response(done.error(), subject);
}

/// Answers with what is wrong with a Body or a QueryReader, if anything is.
template <typename Reader>
[[nodiscard]] bool is_refused(const Reader& reader, const Respond& respond) {
    if (!reader.problem()) {
        return false;
    }
    respond(to_response(*reader.problem()));
    return true;
}

/// For somebody who will call it with a Status. `subject` is a constant.
[[nodiscard]] inline auto done_or_problem(Respond respond, std::string_view subject) {
    return [respond = std::move(respond), subject](const Status& done) {
        respond(done_response(done, subject));
    };
}

/// For somebody who will call it with a Result: `show` makes a response of its value.
template <typename Show>
[[nodiscard]] auto shown_or_problem(Respond respond, std::string_view subject, Show show) {
    return [respond = std::move(respond), subject, show = std::move(show)](const auto& result) {
        respond(result ? show(*result) : error_response(result.error(), subject));
    };
}

}  // namespace kith::api

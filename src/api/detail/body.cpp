#include "api/detail/body.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "api/limits.h"

namespace kith::api {
namespace {

constexpr std::size_t kBodyDepthMax = 8;

}  // namespace

Body::Body(std::string_view json) {
    auto parsed = json::Document::parse(json, {kPublishBodyBytesMax, kBodyDepthMax});
    if (!parsed) {
        refuse(parsed.error().text);
    } else if (!parsed->root().is_object()) {
        refuse("the body is no JSON object");
    } else {
        document_ = std::move(*parsed);
    }
}

json::View Body::member(std::string_view name) const {
    return document_ ? document_->root()[name] : json::View();
}

std::string Body::text(std::string_view name) {
    auto text = optional_text(name);
    if (!text) {
        refuse(fmt::format("`{}` is missing", name));
    }
    return text.value_or("");
}

std::optional<std::string> Body::optional_text(std::string_view name) {
    const json::View found = member(name);
    if (!found.exists() || found.is_null()) {
        return std::nullopt;
    }
    const auto text = found.text();
    if (!text) {
        refuse(fmt::format("`{}` must be text", name));
        return std::nullopt;
    }
    return std::string(*text);
}

std::optional<std::int64_t> Body::optional_integer(std::string_view name, std::int64_t min,
                                                   std::int64_t max) {
    const json::View found = member(name);
    if (!found.exists() || found.is_null()) {
        return std::nullopt;
    }
    const auto number = found.integer();
    if (!number || *number < min || *number > max) {
        refuse(fmt::format("`{}` must be a whole number from {} to {}", name, min, max));
        return std::nullopt;
    }
    return number;
}

bool Body::flag(std::string_view name) {
    const json::View found = member(name);
    if (!found.exists() || found.is_null()) {
        return false;
    }
    if (!found.boolean()) {
        refuse(fmt::format("`{}` must be true or false", name));
    }
    return found.boolean().value_or(false);
}

void Body::refuse(std::string detail) {
    if (!problem_) {
        problem_ = Problem{.status = 400, .code = "body.invalid", .detail = std::move(detail)};
    }
}

std::string QueryReader::text(std::string_view name) const {
    return std::string(query_->find(name).value_or(""));
}

bool QueryReader::has(std::string_view name) const {
    return query_->find(name).has_value();
}

std::int64_t QueryReader::integer(std::string_view name, std::int64_t fallback, std::int64_t min,
                                  std::int64_t max) {
    const auto text = query_->find(name);
    if (!text) {
        return fallback;
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    const bool is_number = error == std::errc() && end == text->data() + text->size();
    if (!is_number || number < min || number > max) {
        refuse(fmt::format("`{}` must be a whole number from {} to {}", name, min, max));
        return fallback;
    }
    return number;
}

bool QueryReader::flag(std::string_view name) {
    return integer(name, 0, 0, 1) == 1;
}

std::size_t QueryReader::limit(std::size_t fallback, std::size_t max) {
    return static_cast<std::size_t>(
        integer("limit", static_cast<std::int64_t>(fallback), 1, static_cast<std::int64_t>(max)));
}

void QueryReader::refuse(std::string detail) {
    if (!problem_) {
        problem_ = Problem{.status = 400, .code = "query.invalid", .detail = std::move(detail)};
    }
}

}  // namespace kith::api

#include "http/headers.h"

#include <algorithm>

namespace kith::http {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
    text.remove_prefix(begin);
    const std::size_t last = text.find_last_not_of(" \t");
    return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

/// Takes the text up to `separator` from the front of `list`, trimmed.
std::string_view take_item(std::string_view& list, char separator) {
    const std::size_t end = std::min(list.find(separator), list.size());
    const std::string_view item = trimmed(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    return item;
}

/// True if the parameters after a coding say "q=0".
bool is_refused(std::string_view parameters) {
    while (!parameters.empty()) {
        const std::string_view parameter = take_item(parameters, ';');
        if (parameter.starts_with("q=") || parameter.starts_with("Q=")) {
            return parameter.find_first_not_of("0.", 2) == std::string_view::npos;
        }
    }
    return false;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
    for (const Header& field : fields_) {
        if (equal_ignoring_case(field.name, name)) {
            return field.value;
        }
    }
    return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        fields_, [name](const Header& field) { return equal_ignoring_case(field.name, name); }));
}

bool list_contains(std::string_view list, std::string_view token) {
    while (!list.empty()) {
        if (equal_ignoring_case(take_item(list, ','), token)) {
            return true;
        }
    }
    return false;
}

std::optional<std::string_view> find_cookie(std::string_view header, std::string_view name) {
    while (!header.empty()) {
        const std::string_view pair = take_item(header, ';');
        if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
            return pair.substr(name.size() + 1);
        }
    }
    return std::nullopt;
}

bool accepts_gzip(std::string_view accept_encoding) {
    bool any = false;
    while (!accept_encoding.empty()) {
        std::string_view item = take_item(accept_encoding, ',');
        const std::string_view coding = take_item(item, ';');
        if (equal_ignoring_case(coding, "gzip")) {
            return !is_refused(item);
        }
        any = any || (coding == "*" && !is_refused(item));
    }
    return any;
}

bool matches_etag(std::string_view if_none_match, std::string_view etag) {
    while (!if_none_match.empty()) {
        std::string_view candidate = take_item(if_none_match, ',');
        if (candidate.starts_with("W/")) {
            candidate.remove_prefix(2);
        }
        if (candidate == etag || candidate == "*") {
            return true;
        }
    }
    return false;
}

std::optional<std::string_view> bearer_token(std::string_view authorization) {
    constexpr std::string_view kScheme = "Bearer ";
    if (authorization.size() <= kScheme.size() ||
        !equal_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) {
        return std::nullopt;
    }
    return trimmed(authorization.substr(kScheme.size()));
}

}  // namespace kith::http

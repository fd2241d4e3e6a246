#include "json/scan.h"

#include <charconv>
#include <cmath>

namespace kith::json {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

void skip_space(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
}

/// Takes a number from the front as JSON writes it; "inf", "0x1" and "+1" are none.
std::optional<double> take_number(std::string_view& text) {
    const std::size_t digit = text.starts_with('-') ? 1 : 0;
    if (text.size() <= digit || text[digit] < '0' || text[digit] > '9') {
        return std::nullopt;
    }
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || !std::isfinite(number)) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

/// Takes a string from the front, quotes included, and gives its raw content.
/// Requires: `text` starts with a quote.
std::string_view take_string(std::string_view& text) {
    std::size_t end = 1;
    while (end < text.size() && text[end] != '"') {
        end += text[end] == '\\' ? 2U : 1U;
    }
    end = std::min(end, text.size());
    const std::string_view content = text.substr(1, end - 1);
    text.remove_prefix(std::min(end + 1, text.size()));
    return content;
}

}  // namespace

std::optional<double> bare_number(std::string_view text) {
    skip_space(text);
    const auto number = take_number(text);
    skip_space(text);
    return text.empty() ? number : std::nullopt;
}

std::optional<double> member_number(std::string_view text, std::string_view name) {
    skip_space(text);
    if (!text.starts_with('{')) {
        return std::nullopt;
    }
    std::size_t depth = 0;
    while (!text.empty()) {
        const char c = text.front();
        if (c != '"') {
            depth += c == '{' || c == '[' ? 1U : 0U;
            depth -= (c == '}' || c == ']') && depth > 0 ? 1U : 0U;
            text.remove_prefix(1);
            continue;
        }
        const bool is_match = take_string(text) == name && depth == 1;
        skip_space(text);
        if (!is_match || !text.starts_with(':')) {
            continue;
        }
        text.remove_prefix(1);
        skip_space(text);
        return take_number(text);
    }
    return std::nullopt;
}

}  // namespace kith::json

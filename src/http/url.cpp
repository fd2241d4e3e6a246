#include "http/url.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/utf8.h"
#include "http/limits.h"

namespace kith::http {
namespace {

constexpr int kNoDigit = -1;

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : kNoDigit;
}

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

}  // namespace

Result<std::string> percent_decode(std::string_view text, Plus plus) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '+' && plus == Plus::Space) {
            decoded.push_back(' ');
            continue;
        }
        if (text[at] != '%') {
            decoded.push_back(text[at]);
            continue;
        }
        const int high = at + 2 < text.size() ? hex_value(text[at + 1]) : kNoDigit;
        const int low = at + 2 < text.size() ? hex_value(text[at + 2]) : kNoDigit;
        if (high == kNoDigit || low == kNoDigit) {
            return fail(ErrorKind::Malformed, "a broken % escape in the address");
        }
        decoded.push_back(static_cast<char>(high * 16 + low));
        at += 2;
    }
    if (!is_mqtt_utf8(as_bytes(decoded))) {
        return fail(ErrorKind::Malformed, "the address is not UTF-8");
    }
    return decoded;
}

std::string percent_encode(std::string_view text) {
    static constexpr char kDigits[] = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        if (is_unreserved(c)) {
            encoded.push_back(c);
            continue;
        }
        const auto byte = static_cast<std::uint8_t>(c);
        encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
    return encoded;
}

Result<std::vector<std::string>> split_path(std::string_view path) {
    if (!path.starts_with('/')) {
        return fail(ErrorKind::Malformed, "the path does not start with a slash");
    }
    std::vector<std::string> segments;
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::size_t end = std::min(path.find('/'), path.size());
        if (segments.size() == kPathSegmentsMax) {
            return fail(ErrorKind::Limit, "the path has too many segments");
        }
        TRY_ASSIGN(std::string segment, percent_decode(path.substr(0, end), Plus::Literal));
        segments.push_back(std::move(segment));
        path.remove_prefix(end);
    }
    return segments;
}

Result<Query> Query::parse(std::string_view text) {
    Query query;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('&'), text.size());
        const std::string_view pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (pair.empty()) {
            continue;
        }
        if (query.parameters_.size() == kQueryParametersMax) {
            return fail(ErrorKind::Limit, "the query has too many parameters");
        }
        const std::size_t equals = std::min(pair.find('='), pair.size());
        TRY_ASSIGN(std::string name, percent_decode(pair.substr(0, equals), Plus::Space));
        TRY_ASSIGN(std::string value,
                   percent_decode(pair.substr(std::min(equals + 1, pair.size())), Plus::Space));
        query.parameters_.emplace_back(std::move(name), std::move(value));
    }
    return query;
}

std::optional<std::string_view> Query::find(std::string_view name) const {
    const auto found = std::ranges::find(parameters_, name, &Parameter::first);
    return found == parameters_.end() ? std::nullopt
                                      : std::optional<std::string_view>(found->second);
}

}  // namespace kith::http

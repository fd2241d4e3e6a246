#include "mesh/live/forward_rules.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/check.h"
#include "wire/mesh/forward.h"

namespace kith::mesh {
namespace {

constexpr std::size_t kNodeIdDigits = 16;

bool is_port(std::string_view text) {
    std::uint16_t port = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, port);
    return parsed.ec == std::errc() && parsed.ptr == end && port != 0 && text.front() != '0';
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char each) {
        return each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
    });
    return out;
}

bool is_host(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char each) {
        return each > ' ' && each < 0x7F &&
               std::string_view("\"\\/@[]*,").find(each) == std::string_view::npos;
    });
}

struct HostAndPort {
    std::string_view host;
    std::string_view port;
};

/// Of "HOST:PORT" or "[ADDRESS]:PORT"; nothing is checked but that.
Result<HostAndPort> split(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || text.size() > kForwardTargetBytesMax) {
        return fail(ErrorKind::Invalid, "a service is HOST:PORT");
    }
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return fail(ErrorKind::Invalid, "an IPv6 address stands in brackets: [::1]:22");
    }
    return HostAndPort{.host = host, .port = text.substr(colon + 1)};
}

}  // namespace

Result<ForwardTarget> ForwardTarget::parse(std::string_view text) {
    TRY_ASSIGN(const HostAndPort parts, split(text));
    if (!is_host(parts.host) || parts.port.empty() || !is_port(parts.port)) {
        return fail(ErrorKind::Invalid, "a service is HOST:PORT");
    }
    return ForwardTarget{.host = lower(parts.host), .port = std::string(parts.port)};
}

Result<ForwardRules::Rule> ForwardRules::parse(std::string_view text) {
    Rule rule;
    if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
        std::uint64_t id = 0;
        const auto parsed = std::from_chars(text.data(), text.data() + at, id, 16);
        if (at != kNodeIdDigits || parsed.ec != std::errc() || parsed.ptr != text.data() + at ||
            id == 0) {
            return fail(ErrorKind::Invalid, "the id of a node is 16 hexadecimal digits");
        }
        rule.node = NodeId(id);
        text.remove_prefix(at + 1);
    }
    TRY_ASSIGN(const HostAndPort parts, split(text));
    if (parts.host != "*") {
        if (!is_host(parts.host)) {
            return fail(ErrorKind::Invalid, "a service is HOST:PORT");
        }
        rule.host = lower(parts.host);
    }
    if (parts.port != "*") {
        if (parts.port.empty() || !is_port(parts.port)) {
            return fail(ErrorKind::Invalid, "a service is HOST:PORT");
        }
        rule.port = parts.port;
    }
    return rule;
}

bool ForwardRules::is_rule(std::string_view text) {
    return parse(text).has_value();
}

ForwardRules::ForwardRules(const std::vector<std::string>& rules) {
    for (const std::string& text : rules) {
        Result<Rule> rule = parse(text);
        CHECK(rule.has_value());
        rules_.push_back(std::move(*rule));
    }
}

bool ForwardRules::allow(NodeId node, const ForwardTarget& target) const {
    return std::ranges::any_of(rules_, [&](const Rule& rule) {
        return (rule.node == NodeId() || rule.node == node) &&
               (rule.host.empty() || rule.host == target.host) &&
               (rule.port.empty() || rule.port == target.port);
    });
}

}  // namespace kith::mesh

#include "api/guard.h"

#include <algorithm>

#include "http/headers.h"

namespace kith::api {
namespace {

std::string to_lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return result;
}

/// "gw-1:8080" -> "gw-1", "[::1]:8080" -> "::1"; empty for what is neither.
std::string_view without_port(std::string_view host) {
    std::string_view port;
    if (host.starts_with('[')) {
        const std::size_t end = host.find(']');
        if (end == std::string_view::npos) {
            return {};
        }
        port = host.substr(end + 1);
        host = host.substr(1, end - 1);
    } else {
        const std::size_t colon = std::min(host.find(':'), host.size());
        port = host.substr(colon);
        host = host.substr(0, colon);
    }
    const bool is_port =
        port.empty() || (port.front() == ':' && port.size() > 1 &&
                         port.find_first_not_of("0123456789", 1) == std::string_view::npos);
    if (!is_port) {
        return {};
    }
    if (host.ends_with('.')) {
        host.remove_suffix(1);
    }
    return host;
}

bool is_loopback_literal(std::string_view host) {
    const std::string text = host.find(':') == std::string_view::npos
                                 ? std::string(host)
                                 : "[" + std::string(host) + "]";
    const auto address = runtime::SocketAddress::parse(text + ":0");
    return !host.empty() && address && address->is_loopback();
}

/// Over plain HTTP, https:// with the same name and port is this server too: no other can be there,
/// a proxy in front may speak TLS, and Paho Python says https whatever it speaks. Over TLS, http://
/// may be a page that somebody on the way made.
bool is_own_origin(std::string_view origin, const std::string& host, Scheme scheme) {
    return http::equal_ignoring_case(origin, "https://" + host) ||
           (scheme == Scheme::Http && http::equal_ignoring_case(origin, "http://" + host));
}

/// What a browser says of a request that carries no Origin, an image or a script for another site's
/// page (Fetch Metadata). A link from there to the console is a person's choice.
bool is_for_other_page(const http::Request& request) {
    const auto says = [&](std::string_view name, std::string_view value) {
        const auto said = request.headers.find(name);
        return said && *said == value;
    };
    const bool is_followed_link = request.method == http::Method::Get &&
                                  says("Sec-Fetch-Mode", "navigate") &&
                                  says("Sec-Fetch-Dest", "document");
    return (says("Sec-Fetch-Site", "cross-site") || says("Sec-Fetch-Site", "same-site")) &&
           !is_followed_link;
}

Problem refused_origin() {
    return {.status = 403,
            .code = "origin.refused",
            .detail = "requests from pages of other sites are refused"};
}

}  // namespace

Guard::Guard(const std::vector<std::string>& hosts) {
    for (const std::string& host : hosts) {
        hosts_.push_back(to_lower(host));
    }
}

std::optional<Problem> Guard::check(const http::Request& request, Scheme scheme) const {
    if (!is_known_host(request.host)) {
        return Problem{.status = 403,
                       .code = "host.refused",
                       .detail =
                           "this node does not go by that name: add it to `names` in its "
                           "configuration"};
    }
    if (request.headers.count("Origin") == 0) {
        return is_for_other_page(request) ? std::optional(refused_origin()) : std::nullopt;
    }
    if (request.headers.count("Origin") > 1 ||
        !is_own_origin(*request.headers.find("Origin"), request.host, scheme)) {
        return refused_origin();
    }
    return std::nullopt;
}

bool Guard::is_known_host(std::string_view host_and_port) const {
    const std::string host = to_lower(without_port(host_and_port));
    if (host.empty()) {
        return false;
    }
    return host == "localhost" || is_loopback_literal(host) ||
           std::ranges::find(hosts_, host) != hosts_.end();
}

bool is_direct_from_loopback(const http::Request& request, const runtime::SocketAddress& remote) {
    return remote.is_loopback() && request.headers.count("Forwarded") == 0 &&
           request.headers.count("X-Forwarded-For") == 0;
}

}  // namespace kith::api

#include "api/forwarded.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "http/headers.h"

namespace kith::api {
namespace {

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t");
    const std::size_t end = text.find_last_not_of(" \t");
    return begin == std::string_view::npos ? std::string_view()
                                           : text.substr(begin, end - begin + 1);
}

/// "192.0.2.7", "192.0.2.7:1234", "2001:db8::7" or "[2001:db8::7]:1234".
std::optional<runtime::SocketAddress> address_of(std::string_view text) {
    const auto colons = std::ranges::count(text, ':');
    std::string whole(text);
    if (text.starts_with('[')) {
        whole += text.ends_with(']') ? ":0" : "";
    } else if (colons == 0) {
        whole += ":0";
    } else if (colons > 1) {
        whole = "[" + whole + "]:0";
    }
    const auto parsed = runtime::SocketAddress::parse(whole);
    const bool is_name = text.empty() || text.front() == ':' || text.starts_with("localhost");
    return parsed && !is_name ? std::optional(*parsed) : std::nullopt;
}

/// The value of `for` in one element of Forwarded: for=192.0.2.7;proto=https or for="[::1]:80".
std::string_view for_of(std::string_view element) {
    while (!element.empty()) {
        const std::size_t end = std::min(element.find(';'), element.size());
        const std::string_view pair = trimmed(element.substr(0, end));
        element.remove_prefix(std::min(end + 1, element.size()));
        if (pair.size() < 4 || !http::equal_ignoring_case(pair.substr(0, 4), "for=")) {
            continue;
        }
        std::string_view value = pair.substr(4);
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
            value = value.substr(1, value.size() - 2);
        }
        return value;
    }
    return {};
}

/// The elements of all fields of this name, the last one first.
std::vector<std::string_view> elements_of(const http::Request& request, std::string_view name) {
    std::vector<std::string_view> elements;
    for (const http::Header& field : request.headers.fields()) {
        std::string_view rest = field.value;
        bool more = http::equal_ignoring_case(field.name, name);
        while (more) {
            const std::size_t end = rest.find(',');
            more = end != std::string_view::npos;
            elements.push_back(trimmed(rest.substr(0, end)));
            rest.remove_prefix(more ? end + 1 : 0);
        }
    }
    std::ranges::reverse(elements);
    elements.resize(std::min(elements.size(), kForwardedMax));
    return elements;
}

}  // namespace

std::optional<runtime::SocketAddress> forwarded_client(
    const http::Request& request, const runtime::SocketAddress& peer,
    const std::vector<runtime::AddressRange>& proxies) {
    const auto is_proxy = [&proxies](const runtime::SocketAddress& address) {
        return std::ranges::any_of(
            proxies, [&](const runtime::AddressRange& range) { return range.contains(address); });
    };
    const bool has_list = request.headers.count("X-Forwarded-For") > 0;
    const bool has_forwarded = request.headers.count("Forwarded") > 0;
    if (!is_proxy(peer) || (!has_list && !has_forwarded)) {
        return std::nullopt;
    }
    runtime::SocketAddress client = peer;
    if (has_list && has_forwarded) {
        return client;
    }
    for (const std::string_view element :
         elements_of(request, has_list ? "X-Forwarded-For" : "Forwarded")) {
        const auto address = address_of(has_list ? element : for_of(element));
        if (!address) {
            return client;
        }
        client = *address;
        if (!is_proxy(client)) {
            return client;
        }
    }
    return client;
}

}  // namespace kith::api

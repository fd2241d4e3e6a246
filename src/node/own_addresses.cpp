#include "node/own_addresses.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

namespace kith::node {
namespace {

struct FreeInterfaces {
    void operator()(ifaddrs* first) const { freeifaddrs(first); }
};

/// Empty for what is no address that others could use.
std::string address_text(const ifaddrs& interface, std::uint16_t port) {
    const bool is_usable = interface.ifa_addr != nullptr && (interface.ifa_flags & IFF_UP) != 0 &&
                           (interface.ifa_flags & IFF_LOOPBACK) == 0;
    if (!is_usable) {
        return {};
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (interface.ifa_addr->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, interface.ifa_addr, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
        return fmt::format("{}:{}", text.data(), port);
    }
    if (interface.ifa_addr->sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, interface.ifa_addr, sizeof v6);
        if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr)) {
            return {};
        }
        inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
        return fmt::format("[{}]:{}", text.data(), port);
    }
    return {};
}

}  // namespace

std::vector<std::string> own_addresses(std::uint16_t port, std::size_t count_max) {
    ifaddrs* first = nullptr;
    if (getifaddrs(&first) != 0) {
        return {};
    }
    const std::unique_ptr<ifaddrs, FreeInterfaces> interfaces(first);
    std::vector<std::string> addresses;
    for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
        std::string address = address_text(*each, port);
        if (!address.empty()) {
            addresses.push_back(std::move(address));
        }
    }
    std::stable_partition(addresses.begin(), addresses.end(),
                          [](const std::string& each) { return each[0] != '['; });
    addresses.resize(std::min(addresses.size(), count_max));
    return addresses;
}

}  // namespace kith::node

#include "runtime/epoll/interfaces.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include "runtime/epoll/socket_address.h"
#include "runtime/limits.h"

namespace kith::runtime {
namespace {

std::optional<SocketAddress> address_of(const ifaddrs& entry) {
    if (entry.ifa_addr == nullptr) {
        return std::nullopt;
    }
    const auto family = entry.ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) {
        return std::nullopt;
    }
    sockaddr_storage storage{};
    std::memcpy(&storage, entry.ifa_addr,
                family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    return from_kernel(storage).with_port(0);
}

/// The entry's interface in `found`, which it may be the first to name; null if there is no room.
NetworkInterface* interface_of(std::vector<NetworkInterface>& found, const ifaddrs& entry) {
    const std::string_view name = entry.ifa_name;
    const auto known = std::ranges::find(found, name, &NetworkInterface::name);
    if (known != found.end()) {
        return &*known;
    }
    const InterfaceId id(if_nametoindex(entry.ifa_name));
    if (id == InterfaceId() || found.size() >= kMulticastInterfacesMax) {
        return nullptr;
    }
    found.push_back({.id = id,
                     .name = std::string(name),
                     .is_loopback = (entry.ifa_flags & IFF_LOOPBACK) != 0,
                     .carries_multicast = (entry.ifa_flags & IFF_MULTICAST) != 0,
                     .addresses = {}});
    return &found.back();
}

}  // namespace

std::vector<NetworkInterface> machine_interfaces() {
    ifaddrs* first = nullptr;
    if (getifaddrs(&first) != 0) {
        return {};
    }
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(first, &freeifaddrs);
    std::vector<NetworkInterface> found;
    for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
        if ((entry->ifa_flags & IFF_UP) == 0) {
            continue;
        }
        NetworkInterface* interface = interface_of(found, *entry);
        const auto address = address_of(*entry);
        if (interface != nullptr && address &&
            interface->addresses.size() < kInterfaceAddressesMax) {
            interface->addresses.push_back(*address);
        }
    }
    return found;
}

}  // namespace kith::runtime

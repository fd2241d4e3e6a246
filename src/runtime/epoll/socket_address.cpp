#include "runtime/epoll/socket_address.h"

#include <algorithm>
#include <cstring>

#include <netinet/in.h>

namespace kith::runtime {
namespace {

// A link-local address means something on one interface alone. SocketAddress has no field for it;
// the interface stands in the two bytes behind fe80, which are 0 on the wire, as in BSD's kernels.
constexpr std::size_t kScopeByte = 2;

}  // namespace

socklen_t to_kernel(const SocketAddress& address, sockaddr_storage& storage) {
    return to_kernel_of(address.is_v4() ? AF_INET : AF_INET6, address, storage);
}

socklen_t to_kernel_of(int family, const SocketAddress& address, sockaddr_storage& storage) {
    std::memset(&storage, 0, sizeof(storage));
    if (family == AF_INET) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(address.port());
        std::memcpy(&v4.sin_addr, address.ip().data() + 12, 4);
        std::memcpy(&storage, &v4, sizeof(v4));
        return sizeof(v4);
    }
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port());
    std::memcpy(&v6.sin6_addr, address.ip().data(), 16);
    if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr)) {
        std::uint8_t* scope = v6.sin6_addr.s6_addr + kScopeByte;
        v6.sin6_scope_id = static_cast<std::uint32_t>(scope[0] << 8) | scope[1];
        scope[0] = scope[1] = 0;
    }
    std::memcpy(&storage, &v6, sizeof(v6));
    return sizeof(v6);
}

SocketAddress from_kernel(const sockaddr_storage& storage) {
    if (storage.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &storage, sizeof(v4));
        std::array<std::uint8_t, 4> ip{};
        std::memcpy(ip.data(), &v4.sin_addr, ip.size());
        return SocketAddress::v4(ip, ntohs(v4.sin_port));
    }
    if (storage.ss_family != AF_INET6) {
        return {};
    }
    sockaddr_in6 v6{};
    std::memcpy(&v6, &storage, sizeof(v6));
    std::array<std::uint8_t, 16> ip{};
    std::memcpy(ip.data(), &v6.sin6_addr, ip.size());
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
        return SocketAddress::v4({ip[12], ip[13], ip[14], ip[15]}, ntohs(v6.sin6_port));
    }
    if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr)) {
        ip[kScopeByte] = static_cast<std::uint8_t>(v6.sin6_scope_id >> 8);
        ip[kScopeByte + 1] = static_cast<std::uint8_t>(v6.sin6_scope_id);
    }
    return SocketAddress::v6(ip, ntohs(v6.sin6_port));
}

SocketAddress local_address(int fd) {
    sockaddr_storage storage{};
    socklen_t length = sizeof(storage);
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
        return {};
    }
    return from_kernel(storage);
}

}  // namespace kith::runtime

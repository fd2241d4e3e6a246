// SocketAddress to and from what the kernel calls one.
#pragma once

#include <sys/socket.h>

#include "runtime/address.h"

namespace kith::runtime {

/// Fills `storage`; returns its length in bytes.
[[nodiscard]] socklen_t to_kernel(const SocketAddress& address, sockaddr_storage& storage);

/// The same for a socket of `family`: an IPv4 address is mapped for an AF_INET6 socket.
[[nodiscard]] socklen_t to_kernel_of(int family, const SocketAddress& address,
                                     sockaddr_storage& storage);

/// An IPv4 address that arrives mapped into IPv6 becomes IPv4 again.
[[nodiscard]] SocketAddress from_kernel(const sockaddr_storage& storage);

/// What the kernel bound; 0.0.0.0:0 if it does not say.
[[nodiscard]] SocketAddress local_address(int fd);

}  // namespace kith::runtime

// Host names to addresses, with the system's resolver. Blocks: for tools and for the blocking pool,
// never on a loop.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "runtime/address.h"

namespace kith::runtime {

/// Before the name of a service of the DNS: "dns-srv:_kith-mesh._tcp.example".
inline constexpr std::string_view kServicePrefix = "dns-srv:";

/// "host:port" to its addresses, in the system's order of preference. Literals need no resolver. Of
/// a service, the addresses of all that can be looked up, of the one to be tried first first.
[[nodiscard]] Result<std::vector<SocketAddress>> resolve(std::string_view host_and_port);

}  // namespace kith::runtime

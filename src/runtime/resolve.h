// Host names to addresses, with the system's resolver. Blocks: for tools and for the blocking pool,
// never on a loop.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "runtime/address.h"

namespace kith::runtime {

/// "host:port" to its addresses, in the system's order of preference. Literals need no resolver.
[[nodiscard]] Result<std::vector<SocketAddress>> resolve(std::string_view host_and_port);

}  // namespace kith::runtime

// What interfaces the machine has now. Threads: any.
#pragma once

#include <vector>

#include "runtime/datagram.h"

namespace kith::runtime {

/// Those that are up, in the kernel's order; kMulticastInterfacesMax at most.
[[nodiscard]] std::vector<NetworkInterface> machine_interfaces();

}  // namespace kith::runtime

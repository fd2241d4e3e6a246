// Tells a connection from an earlier one of the same session; for callbacks that come later.
#pragma once

#include <cstdint>

#include "base/strong_id.h"

namespace kith::broker {

/// Unique on its shard, never reused. 0 is none.
using ConnectionId = StrongId<struct ConnectionIdTag, std::uint64_t>;

}  // namespace kith::broker

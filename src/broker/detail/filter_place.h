// Names a filter from wherever a number is kept for it.
#pragma once

#include <cstdint>

#include "base/strong_id.h"

namespace kith::broker {

/// Where a filter is in its FilterTree; the same as long as it is there. The upper bit is free for
/// whoever has two trees.
using FilterPlace = StrongId<struct FilterPlaceTag, std::uint32_t>;

}  // namespace kith::broker

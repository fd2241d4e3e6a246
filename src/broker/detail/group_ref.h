// Names a shared group from anywhere in the node.
#pragma once

#include <cstdint>

#include "base/ids.h"

namespace kith::broker {

/// The group's number on the shard that owns it; numbers are not reused. 0 is no group.
struct GroupRef {
    std::uint32_t number = 0;
    ShardId owner;

    [[nodiscard]] bool is_none() const { return number == 0; }
};

}  // namespace kith::broker

// The configuration keys of the broker's limits: how much it holds, and how fast it takes it.
#pragma once

#include "node/config_keys.h"

#include <vector>

namespace kith::node {

/// Also says which of the keys of `mqtt` a reload applies.
void add_broker_keys(std::vector<ConfigKey>& keys);

}  // namespace kith::node

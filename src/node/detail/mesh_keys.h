// The configuration keys of the mesh: where it listens, whom it dials, how alert it is.
#pragma once

#include "node/config_keys.h"

#include <vector>

namespace kith::node {

void add_mesh_keys(std::vector<ConfigKey>& keys);

}  // namespace kith::node

// The console's files in the form in which the API serves them.
#pragma once

#include "api/asset.h"

#include <vector>

namespace kith::node {

/// They point into the program; empty in a build without the console.
[[nodiscard]] std::vector<api::Asset> console_files();

}  // namespace kith::node

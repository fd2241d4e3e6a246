// Stands in for the console where the build has no Node.js, or KITH_CONSOLE is OFF.
#include "console/console_assets.h"

namespace kith::console {

std::span<const Asset> console_assets() {
    return {};
}

}  // namespace kith::console

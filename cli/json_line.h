// One JSON object on a line of stdout: what every `--json` prints.
#pragma once

#include <functional>

namespace kith::json {
class Writer;
}

namespace kith::cli {

/// `write` gives the members.
void print_json_line(const std::function<void(json::Writer&)>& write);

}  // namespace kith::cli

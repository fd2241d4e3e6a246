#include "cli/json_line.h"

#include "json/writer.h"

#include <fmt/format.h>

#include <cstdio>
#include <string>

namespace kith::cli {

void print_json_line(const std::function<void(json::Writer&)>& write) {
    std::string out;
    json::Writer json(out);
    json.begin_object();
    write(json);
    json.end_object();
    fmt::print("{}\n", out);
}

}  // namespace kith::cli

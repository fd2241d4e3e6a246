// kith version: which build this is.
#include "base/version.h"
#include "cli/commands.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>

namespace kith::cli {

void add_version(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("version", "Print the version");
    auto as_json = std::make_shared<bool>(false);
    command->add_flag("--json", *as_json, "One JSON object");
    command->footer("Example: kith version --json");
    command->callback([as_json, &exit_code] {
        if (*as_json) {
            fmt::print("{{\"version\":\"{}\"}}\n", version());
        } else {
            fmt::print("kith {}\n", version());
        }
        exit_code = 0;
    });
}

}  // namespace kith::cli

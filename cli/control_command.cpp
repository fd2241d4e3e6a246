#include "cli/control_command.h"

#include "cli/json_line.h"
#include "json/writer.h"

#include <CLI/CLI.hpp>

namespace kith::cli {

void add_control_options(CLI::App& command, std::string& data, bool& as_json) {
    command.add_option("--data", data, "The node's data directory")->capture_default_str();
    command.add_flag("--json", as_json, "JSON, one object a line");
}

CLI::App& add_command(CLI::App& group, const char* name, const char* help) {
    return *group.add_subcommand(name, help);
}

void on_command(CLI::App& command, int& exit_code, std::function<int()> run) {
    command.callback([&exit_code, run = std::move(run)] { exit_code = run(); });
}

int report_json(bool as_json, const char* member, const std::string& name) {
    if (as_json) {
        print_json_line([&](json::Writer& json) { json.field(member, name); });
    }
    return 0;
}

}  // namespace kith::cli

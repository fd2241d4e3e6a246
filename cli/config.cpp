// kith config: check a file, show what would hold, print the reference.
#include "node/config.h"
#include "cli/commands.h"
#include "cli/json_line.h"
#include "json/writer.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>

namespace kith::cli {
namespace {

struct Options {
    std::string file;
    bool as_json = false;
    bool as_markdown = false;
};

int report(const Options& options, const std::string& problem) {
    if (options.as_json) {
        print_json_line([&](json::Writer& json) {
            json.field("ok", problem.empty());
            if (!problem.empty()) {
                json.field("problem", std::string_view(problem));
            }
        });
    } else if (problem.empty()) {
        fmt::print("{}: nothing is wrong\n", options.file);
    } else {
        fmt::print(stderr, "kith: {}\n", problem);
    }
    return problem.empty() ? 0 : 1;
}

int check(const Options& options) {
    const auto config = node::load_config({.file = options.file, .overrides = {}});
    if (!config) {
        return report(options, config.error().text);
    }
    return report(options, {});
}

int show(const Options& options) {
    const auto config = node::load_config({.file = options.file, .overrides = {}});
    if (!config) {
        return report(options, config.error().text);
    }
    fmt::print("{}", node::to_toml(*config));
    return 0;
}

}  // namespace

void add_config(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("config", "Check a configuration, print the reference");
    command->require_subcommand(1);
    command->footer("Example: kith config check kith.toml");
    auto options = std::make_shared<Options>();

    CLI::App* check_command = command->add_subcommand("check", "Say what is wrong with a file");
    check_command->add_option("file", options->file, "A TOML file")->required();
    check_command->add_flag("--json", options->as_json, "One JSON object");
    check_command->callback([options, &exit_code] { exit_code = check(*options); });

    CLI::App* show_command =
        command->add_subcommand("show", "Print every key with the value a file gives it");
    show_command->add_option("file", options->file, "A TOML file")->required();
    show_command->callback([options, &exit_code] { exit_code = show(*options); });

    add_acl(*command, exit_code);

    CLI::App* reference =
        command->add_subcommand("reference", "Print every key with its meaning and default");
    reference->add_flag("--markdown", options->as_markdown, "As a page of the documentation");
    reference->callback([options, &exit_code] {
        fmt::print("{}", options->as_markdown ? node::reference_markdown()
                                              : node::to_toml(node::NodeConfig{}));
        exit_code = 0;
    });
}

}  // namespace kith::cli

// kith backup: a copy of everything a node keeps, while it runs or not.
#include "node/backup.h"
#include "cli/backup_progress.h"
#include "cli/commands.h"
#include "node/process_facts.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>

namespace kith::cli {
namespace {

struct Options {
    node::BackupOptions backup{.data_directory = "data"};
    bool overwrites = false;
    bool as_json = false;
};

int backup(Options& options) {
    options.backup.overwrite = options.overwrites ? node::Overwrite::Yes : node::Overwrite::No;
    options.backup.now = node::wall_now();
    const auto made = node::make_backup(options.backup, BackupProgress());
    if (!made) {
        fmt::print(stderr, "kith: the backup failed: {}\n", made.error().text);
        return 1;
    }
    print_backup({.what = "written to", .file = options.backup.file, .as_json = options.as_json},
                 *made);
    return 0;
}

}  // namespace

void add_backup(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("backup", "Copy a node into a file, running or not");
    auto options = std::make_shared<Options>();
    command->add_option("file", options->backup.file, "Where to; it holds the node's secrets")
        ->required();
    command->add_option("--data", options->backup.data_directory, "The node's data directory")
        ->capture_default_str();
    command->add_flag("--force", options->overwrites, "Replace the file if it exists");
    command->add_flag("--json", options->as_json, "One JSON object");
    command->footer(
        "All that was acknowledged before it began is in it.\n"
        "Example: kith backup --data /var/lib/kith /backup/kith-monday.tar");
    command->callback([options, &exit_code] { exit_code = backup(*options); });
}

}  // namespace kith::cli

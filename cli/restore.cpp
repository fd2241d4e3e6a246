// kith restore: a node's data directory from a backup.
#include "cli/backup_progress.h"
#include "cli/commands.h"
#include "node/backup.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>

namespace kith::cli {
namespace {

struct Options {
    node::RestoreOptions restore{.data_directory = "data"};
    bool overwrites = false;
    bool as_json = false;
};

int restore(Options& options) {
    options.restore.overwrite = options.overwrites ? node::Overwrite::Yes : node::Overwrite::No;
    const auto restored = node::restore_backup(options.restore, BackupProgress());
    if (!restored) {
        fmt::print(stderr, "kith: the restore failed: {}\n", restored.error().text);
        return 1;
    }
    print_backup({.what = "restored into",
                  .file = options.restore.data_directory,
                  .as_json = options.as_json},
                 *restored);
    return 0;
}

}  // namespace

void add_restore(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("restore", "Make a data directory from a backup");
    auto options = std::make_shared<Options>();
    command->add_option("file", options->restore.file, "The backup")->required();
    command->add_option("--data", options->restore.data_directory, "The directory to make")
        ->capture_default_str();
    command->add_flag("--force", options->overwrites, "Replace a node's data that is there");
    command->add_flag("--json", options->as_json, "One JSON object");
    command->footer(
        "The backup is verified first; then all of it is restored, or nothing.\n"
        "Example: kith restore /backup/kith-monday.tar --data /var/lib/kith");
    command->callback([options, &exit_code] { exit_code = restore(*options); });
}

}  // namespace kith::cli

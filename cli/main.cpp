// kith: one binary, a command for each thing that a node, its owner or its machines do.
#include "base/version.h"
#include "cli/commands.h"
#include "cli/machine_certificate.h"

#include <CLI/CLI.hpp>

#include <functional>

namespace {

/// The exit status, unless a node is to run: then that is left in `node`.
int run_command(int argc, char** argv, std::function<int()>& node) {
    static constexpr int kWrongUsage = 2;
    CLI::App app("Kith: machines that talk to each other, with or without a cloud.", "kith");
    app.set_version_flag("--version", std::string("kith ") + std::string(kith::version()));
    app.require_subcommand(1);
    app.get_formatter()->column_width(36);

    int exit_code = 0;
    kith::cli::add_run(app, node);
    kith::cli::add_pub(app, exit_code);
    kith::cli::add_sub(app, exit_code);
    kith::cli::add_call(app, exit_code);
    kith::cli::add_bench(app, exit_code);
    kith::cli::add_demo(app, exit_code);
    kith::cli::add_sim(app, exit_code);
    kith::cli::add_token(app, exit_code);
    kith::cli::add_user(app, exit_code);
    kith::cli::add_machine(app, exit_code);
    kith::cli::add_mesh(app, exit_code);
    kith::cli::add_audit(app, exit_code);
    kith::cli::add_config(app, exit_code);
    kith::cli::add_backup(app, exit_code);
    kith::cli::add_restore(app, exit_code);
    kith::cli::add_status(app, exit_code);
    kith::cli::add_trace(app, exit_code);
    kith::cli::add_version(app, exit_code);

    kith::cli::add_machine_certificate(app, exit_code);

    // CLI11 throws; this is the one place that turns that into an exit status.
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kWrongUsage;
    }
    return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
    std::function<int()> node;
    const int exit_code = run_command(argc, argv, node);
    return node ? node() : exit_code;
}

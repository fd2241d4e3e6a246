// The commands of the binary. Each adds itself, its options and its help to the command line, and
// leaves its exit status in `exit_code`: 0 success, 1 failure with the reason on stderr.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace kith::cli {

/// A node runs for years, so it does not run while the command line is read: it is left in `node`,
/// which gives the exit status, for when the options of all commands are gone.
void add_run(CLI::App& app, std::function<int()>& node);
void add_config(CLI::App& app, int& exit_code);
/// Under `kith config`.
void add_acl(CLI::App& config, int& exit_code);
void add_mesh(CLI::App& app, int& exit_code);
void add_audit(CLI::App& app, int& exit_code);
void add_token(CLI::App& app, int& exit_code);
void add_user(CLI::App& app, int& exit_code);
void add_machine(CLI::App& app, int& exit_code);
void add_backup(CLI::App& app, int& exit_code);
void add_restore(CLI::App& app, int& exit_code);
void add_status(CLI::App& app, int& exit_code);
void add_trace(CLI::App& app, int& exit_code);
void add_version(CLI::App& app, int& exit_code);

void add_pub(CLI::App& app, int& exit_code);
void add_sub(CLI::App& app, int& exit_code);
void add_call(CLI::App& app, int& exit_code);
void add_bench(CLI::App& app, int& exit_code);
void add_demo(CLI::App& app, int& exit_code);
void add_sim(CLI::App& app, int& exit_code);

}  // namespace kith::cli

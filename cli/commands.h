// The commands of the binary. Each adds itself, its options and its help to the command line, and
// leaves its exit status in `exit_code`: 0 success, 1 failure with the reason on stderr.
#pragma once

namespace CLI {
class App;
}

namespace kith::cli {

void add_run(CLI::App& app, int& exit_code);
void add_config(CLI::App& app, int& exit_code);
/// Under `kith config`.
void add_acl(CLI::App& config, int& exit_code);
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

}  // namespace kith::cli

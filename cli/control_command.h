// A group of commands on the control plane of one node: `kith token create`, `list`, `revoke`.
//
// They share their options, take --data and --json, and get the store of that directory opened,
// with the node running or stopped. Threads: one.
#pragma once

#include "cli/control_tool.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace kith::cli {

/// --data and --json.
void add_control_options(CLI::App& command, std::string& data, bool& as_json);

/// A command in a group.
[[nodiscard]] CLI::App& add_command(CLI::App& group, const char* name, const char* help);

/// When `command` is given, `exit_code` becomes what `run` returns.
void on_command(CLI::App& command, int& exit_code, std::function<int()> run);

/// `Options` has members `data` and `as_json`. What is added lives as long as the command line.
template <typename Options>
class ControlCommands {
  public:
    using Run = int (*)(storage::ControlStore& store, const Options& options);

    ControlCommands(CLI::App& group, int& exit_code) : group_(group), exit_code_(exit_code) {}

    [[nodiscard]] Options& options() { return *options_; }

    /// A command that works on the open store.
    CLI::App* add(const char* name, const char* help, Run run) {
        return add_plain(name, help, [run](const Options& options) {
            const std::unique_ptr<storage::ControlStore> store = open_control(options.data);
            return store == nullptr ? 1 : run(*store, options);
        });
    }
    /// One that opens the store itself, once it knows that it has to.
    CLI::App* add_plain(const char* name, const char* help,
                        std::function<int(const Options&)> run) {
        CLI::App& command = add_command(group_, name, help);
        add_control_options(command, options_->data, options_->as_json);
        on_command(command, exit_code_,
                   [options = options_, run = std::move(run)] { return run(*options); });
        return &command;
    }
    /// The commands of a group in this one, with the same options.
    [[nodiscard]] ControlCommands within(CLI::App& group) const {
        ControlCommands inner(group, exit_code_);
        inner.options_ = options_;
        return inner;
    }

  private:
    CLI::App& group_;
    int& exit_code_;
    // shared_ptr: the command line keeps what it was given, in every command.
    std::shared_ptr<Options> options_ = std::make_shared<Options>();
};

/// {"MEMBER":"NAME"} if JSON was asked for, else nothing; 0, to be returned.
int report_json(bool as_json, const char* member, const std::string& name);

}  // namespace kith::cli

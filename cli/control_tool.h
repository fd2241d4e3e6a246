// What the commands that write a node's control plane share: the store, beside a running node, and
// the audit.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "access/credential.h"
#include "base/result.h"
#include "storage/control_store.h"

namespace CLI {
class App;
}

namespace kith::cli {

/// Says why on stderr; 1, to be returned.
int fail_with(std::string_view what, std::string_view why);

/// control.db of a data directory, also beside a running node; null after saying why on stderr.
[[nodiscard]] std::unique_ptr<storage::ControlStore> open_control(const std::string& data);

/// Writes "cli WHAT DETAIL" into the audit; says so on stderr if it cannot.
void note_in_audit(storage::ControlStore& store, std::string what, std::string detail);

/// --password: nothing generates one, "-" reads a line of stdin. A password is never an argument,
/// which every process of the machine could read.
void add_password_option(CLI::App& command, std::string& password);

struct GivenPassword {
    std::string text;
    access::PasswordOrigin origin = access::PasswordOrigin::Generated;

    /// What to print: one that the user knows already is not.
    [[nodiscard]] std::string shown() const {
        return origin == access::PasswordOrigin::Generated ? text : std::string();
    }
};

/// What add_password_option() was given. Errors: those of read_line_of_input().
[[nodiscard]] Result<GivenPassword> password_option(const std::string& option);

/// A line of stdin without its end. Errors: Closed without a line, Limit if it is endless.
[[nodiscard]] Result<std::string> read_line_of_input();

}  // namespace kith::cli

#include "cli/control_tool.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>

#include "crypto/secrets.h"
#include "node/node_directory.h"
#include "node/process_facts.h"
#include "storage/sqlite/sqlite_stores.h"

namespace kith::cli {
namespace {

/// Bytes of a line that is read from stdin: more than any password may have.
constexpr std::size_t kInputLineBytesMax = 4096;

}  // namespace

int fail_with(std::string_view what, std::string_view why) {
    fmt::print(stderr, "kith: {}: {}\n", what, why);
    return 1;
}

std::unique_ptr<storage::ControlStore> open_control(const std::string& data) {
    const auto directory = node::NodeDirectory::open(data);
    if (!directory) {
        fmt::print(stderr, "kith: {}\n", directory.error().text);
        return nullptr;
    }
    auto store = storage::open_control_store({.path = directory->file("control.db")});
    if (!store) {
        fail_with("cannot open " + directory->file("control.db"), store.error().text);
        return nullptr;
    }
    return std::move(*store);
}

void note_in_audit(storage::ControlStore& store, std::string what, std::string detail) {
    const Status audited = store.append_audit({.at = node::wall_now(),
                                               .who = "cli",
                                               .what = std::move(what),
                                               .detail = std::move(detail),
                                               .from_address = {},
                                               .outcome = "ok"});
    if (!audited) {
        fmt::print(stderr, "kith: the audit could not be written: {}\n", audited.error().text);
    }
}

void add_password_option(CLI::App& command, std::string& password) {
    command
        .add_option("--password", password,
                    "'-' reads it from a line of stdin; without, one is generated and printed once")
        ->check(CLI::IsMember({"-"}));
}

Result<GivenPassword> password_option(const std::string& option) {
    if (option == "-") {
        TRY_ASSIGN(std::string text, read_line_of_input());
        return GivenPassword{.text = std::move(text), .origin = access::PasswordOrigin::Chosen};
    }
    crypto::SystemSecrets secrets;
    return GivenPassword{.text = access::generate_password(secrets)};
}

Result<std::string> read_line_of_input() {
    std::string line;
    for (;;) {
        const int next = std::getchar();
        if (next == EOF && line.empty()) {
            return fail(ErrorKind::Closed, "stdin has no line");
        }
        if (next == EOF || next == '\n') {
            break;
        }
        if (line.size() == kInputLineBytesMax) {
            return fail(ErrorKind::Limit, "the line on stdin is longer than 4096 bytes");
        }
        line += static_cast<char>(next);
    }
    if (line.ends_with('\r')) {
        line.pop_back();
    }
    return line;
}

}  // namespace kith::cli

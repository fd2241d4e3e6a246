// kith audit: who changed what, when, from where; with the node running or stopped.
#include "access/audit_json.h"
#include "base/rfc3339.h"
#include "cli/commands.h"
#include "cli/control_tool.h"
#include "json/writer.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>

namespace kith::cli {
namespace {

struct Options {
    std::string data = "data";
    std::string who;
    std::string what;
    std::string from_address;
    std::string since;
    std::size_t count_max = 100;
    bool as_json = false;
};

void print_record(const storage::AuditRecord& record, bool as_json) {
    if (!as_json) {
        fmt::print("{} {:<8} {:<20} {:<20} {} {}\n", to_rfc3339(record.at), record.outcome,
                   record.who, record.what, record.detail,
                   record.from_address.empty() ? "" : "from " + record.from_address);
        return;
    }
    std::string out;
    json::Writer json(out);
    access::write_audit_record(json, record);
    fmt::print("{}\n", out);
}

int show(const Options& options) {
    const auto since =
        options.since.empty() ? std::optional(WallTime()) : parse_rfc3339(options.since);
    if (!since) {
        return fail_with("--since", "expected a time like 2026-05-02T10:00:00Z");
    }
    const std::unique_ptr<storage::ControlStore> store = open_control(options.data);
    if (store == nullptr) {
        return 1;
    }
    const auto records = store->audit({.who = options.who,
                                       .what = options.what,
                                       .from_address = options.from_address,
                                       .since = *since,
                                       .count_max = options.count_max});
    if (!records) {
        return fail_with("cannot read the audit", records.error().text);
    }
    for (const storage::AuditRecord& record : *records) {
        print_record(record, options.as_json);
    }
    return 0;
}

}  // namespace

void add_audit(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("audit", "Who changed what, the newest first");
    command->footer(
        "Example: kith audit --data data --what token. --json\n"
        "All of it, as JSON lines: kith audit --limit 100000 --json");
    command->add_option("--data", options->data, "The node's data directory")
        ->capture_default_str();
    command->add_option("--who", options->who, "Lines of who begins so: user:anna, cli");
    command->add_option("--what", options->what,
                        "Lines of what begins so: token., sign_in.refused");
    command->add_option("--from", options->from_address, "Lines from an address that begins so");
    command->add_option("--since", options->since, "Not older: 2026-05-02T10:00:00Z");
    command->add_option("--limit", options->count_max, "As many lines at most")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    command->add_flag("--json", options->as_json, "JSON, one object a line");
    command->callback([options, &exit_code] { exit_code = show(*options); });
}

}  // namespace kith::cli

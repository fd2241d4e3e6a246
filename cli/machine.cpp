// kith machine: add, list, show and remove machines with credentials, and the claim codes by which
// devices add themselves; with the node running or stopped.
#include "access/credential.h"
#include "access/limits.h"
#include "access/names.h"
#include "cli/commands.h"
#include "cli/control_command.h"
#include "cli/json_line.h"
#include "cli/machine_certificate.h"
#include "crypto/secrets.h"
#include "crypto/token.h"
#include "json/writer.h"
#include "node/process_facts.h"
#include "storage/limits.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>

namespace kith::cli {
namespace {

struct Options {
    std::string data = "data";
    std::string name;
    std::string note;
    std::vector<std::string> topics = {"own"};
    std::string password;
    bool without_password = false;
    std::string certificates;  // a directory for a certificate and its key, or empty: none
    std::string query;
    std::string machine;
    std::string id;
    std::uint32_t uses = 1;
    std::int64_t expires_in_s = access::kDeviceCodeLifetimeDefault.count();
    bool as_json = false;
};

void write_machine(json::Writer& json, const storage::MachineRecord& machine) {
    json.field("machine", std::string_view(machine.name));
    json.field("note", std::string_view(machine.note));
    json.field("topic_roles", std::string_view(machine.topic_roles));
    json.field("enabled", machine.is_enabled);
    json.field("has_password", !machine.password_hash.empty());
    json.field("has_scram", !machine.scram.empty());
    json.field("created_at", machine.created_at);
}

void print_machine(const storage::MachineRecord& machine, bool as_json) {
    if (as_json) {
        print_json_line([&](json::Writer& json) { write_machine(json, machine); });
        return;
    }
    fmt::print("{:<24} {:<9} {:<12} {:<16} {}\n", machine.name,
               machine.is_enabled ? "enabled" : "disabled",
               machine.password_hash.empty() ? "no password" : "password", machine.topic_roles,
               machine.note);
}

int add(storage::ControlStore& store, const Options& options) {
    const std::string what = "cannot add " + options.name;
    for (const Status& good :
         {access::check_machine_name(options.name), access::check_note(options.note),
          access::check_topic_roles(options.topics)}) {
        if (!good) {
            return fail_with(what, good.error().text);
        }
    }
    storage::MachineRecord machine{.name = options.name,
                                   .note = options.note,
                                   .topic_roles = access::join_topic_roles(options.topics),
                                   .password_hash = {},
                                   .scram = {},
                                   .is_enabled = true,
                                   .created_at = node::wall_now()};
    std::string shown;
    if (!options.without_password) {
        const auto password = password_option(options.password);
        if (!password) {
            return fail_with(what, password.error().text);
        }
        crypto::SystemSecrets secrets;
        const auto made = access::make_credential(password->text, password->origin, secrets);
        if (!made) {
            return fail_with(what, made.error().text);
        }
        machine.password_hash = made->password_hash;
        machine.scram = made->scram;
        shown = password->shown();
    }
    if (const Status added = store.add_machine(machine); !added) {
        return fail_with(what, added.error().kind == ErrorKind::Conflict
                                   ? "there is a user or a machine of this name"
                                   : added.error().text);
    }
    note_in_audit(store, "machine.create", options.name);
    if (options.as_json) {
        print_json_line([&](json::Writer& json) {
            write_machine(json, machine);
            if (!shown.empty()) {
                json.field("password", std::string_view(shown));
            }
        });
    } else if (!shown.empty()) {
        fmt::print("{}\n", shown);
    }
    return 0;
}

/// With a certificate it has a password only if one was given.
int add_with_certificate(storage::ControlStore& store, Options options) {
    options.without_password = options.without_password || options.password.empty();
    const int added = add(store, options);
    return added != 0 ? added
                      : add_certificate(store, {.data = options.data,
                                                .machine = options.name,
                                                .request_file = {},
                                                .map_file = {},
                                                .out = options.certificates,
                                                .fingerprint = {},
                                                .as_json = options.as_json});
}

int add_as_asked(storage::ControlStore& store, const Options& options) {
    return options.certificates.empty() ? add(store, options)
                                        : add_with_certificate(store, options);
}

int list(storage::ControlStore& store, const Options& options) {
    std::string after;
    for (;;) {
        const auto page = store.machines(
            {.after = after, .count_max = storage::kPageRecordsMax, .text = options.query});
        if (!page) {
            return fail_with("cannot read the machines", page.error().text);
        }
        for (const storage::MachineRecord& machine : *page) {
            print_machine(machine, options.as_json);
        }
        if (page->size() < storage::kPageRecordsMax) {
            return 0;
        }
        after = page->back().name;
    }
}

int show(storage::ControlStore& store, const Options& options) {
    const auto found = store.find_machine(options.name);
    if (!found || !*found) {
        return fail_with("cannot show " + options.name,
                         found ? "there is no machine of this name" : found.error().text);
    }
    print_machine(**found, options.as_json);
    return 0;
}

int remove(storage::ControlStore& store, const Options& options) {
    if (const Status removed = store.remove_machine(options.name); !removed) {
        return fail_with("cannot remove " + options.name, removed.error().text);
    }
    note_in_audit(store, "machine.remove", options.name);
    return report_json(options.as_json, "removed", options.name);
}

int add_claim_code(storage::ControlStore& store, const Options& options) {
    for (const Status& good :
         {options.machine.empty() ? Status() : access::check_machine_name(options.machine),
          access::check_note(options.note), access::check_topic_roles(options.topics)}) {
        if (!good) {
            return fail_with("cannot make a claim code", good.error().text);
        }
    }
    crypto::SystemSecrets secrets;
    const std::string code = crypto::random_text(secrets, access::kDeviceCodeBytes);
    const storage::ClaimCodeRecord record{
        .digest = crypto::token_digest(code),
        .id = crypto::make_token(secrets).id,
        .note = options.note,
        .machine = options.machine,
        .topic_roles = access::join_topic_roles(options.topics),
        .uses_left = options.uses,
        .expires_at = node::wall_now() + std::chrono::seconds(options.expires_in_s),
        .created_by = "cli"};
    if (const Status added = store.add_claim_code(record); !added) {
        return fail_with("cannot make a claim code", added.error().text);
    }
    note_in_audit(store, "claim_code.create", record.id);
    if (options.as_json) {
        print_json_line([&](json::Writer& json) {
            json.field("code", std::string_view(code));
            json.field("id", std::string_view(record.id));
            json.field("expires_at", record.expires_at);
        });
    } else {
        fmt::print("{}\n", code);
    }
    return 0;
}

int list_claim_codes(storage::ControlStore& store, const Options& options) {
    const auto codes = store.claim_codes();
    if (!codes) {
        return fail_with("cannot read the claim codes", codes.error().text);
    }
    for (const storage::ClaimCodeRecord& code : *codes) {
        if (options.as_json) {
            print_json_line([&](json::Writer& json) {
                json.field("id", std::string_view(code.id));
                json.field("note", std::string_view(code.note));
                json.field("machine", std::string_view(code.machine));
                json.field("topic_roles", std::string_view(code.topic_roles));
                json.field("uses_left", code.uses_left);
                json.field("expires_at", code.expires_at);
                json.field("created_by", std::string_view(code.created_by));
            });
        } else {
            fmt::print("{:<10} {:>6} {} {:<24} {}\n", code.id, code.uses_left,
                       to_rfc3339(code.expires_at), code.machine.empty() ? "*" : code.machine,
                       code.note);
        }
    }
    return 0;
}

int remove_claim_code(storage::ControlStore& store, const Options& options) {
    if (const Status removed = store.remove_claim_code(options.id); !removed) {
        return fail_with("cannot remove " + options.id, removed.error().text);
    }
    note_in_audit(store, "claim_code.remove", options.id);
    return report_json(options.as_json, "removed", options.id);
}

void add_rights(CLI::App& command, Options& options) {
    command.add_option("--topics", options.topics, "Topic roles: ROLE,...")
        ->delimiter(',')
        ->capture_default_str();
    command.add_option("--note", options.note, "For people, in lists");
}

void add_claim_commands(ControlCommands<Options> commands) {
    Options& options = commands.options();
    CLI::App* create = commands.add("create", "Make a code and print it once", add_claim_code);
    add_rights(*create, options);
    create->add_option("--machine", options.machine,
                       "The machine that it is for; without, the device names itself");
    create->add_option("--uses", options.uses, "Devices that may use it")
        ->check(CLI::Range(1U, access::kDeviceCodeUsesMax))
        ->capture_default_str();
    create->add_option("--expires-in", options.expires_in_s, "Seconds until it ends")
        ->check(CLI::Range(std::int64_t{1},
                           static_cast<std::int64_t>(access::kDeviceCodeLifetimeMax.count())))
        ->capture_default_str();
    commands.add("list", "List codes, without their secrets", list_claim_codes);
    commands.add("remove", "End a code at once", remove_claim_code)
        ->add_option("id", options.id, "The code's id, as in the list")
        ->required();
}

}  // namespace

void add_machine(CLI::App& app, int& exit_code) {
    CLI::App* command =
        app.add_subcommand("machine", "Machines with credentials, and their claim codes");
    command->require_subcommand(1);
    command->footer("Example: kith machine add press-07 --topics own --data data");
    ControlCommands<Options> commands(*command, exit_code);
    Options& options = commands.options();
    const auto add_name = [&](CLI::App* sub) {
        sub->add_option("name", options.name, "The machine's name")->required();
        return sub;
    };
    CLI::App* add_command = add_name(commands.add(
        "add", "Add a machine with a password, shown once, or a certificate", add_as_asked));
    add_rights(*add_command, options);
    add_password_option(*add_command, options.password);
    add_command->add_flag("--no-password", options.without_password,
                          "It will come in with something else");
    add_command->add_option("--certificate", options.certificates,
                            "Issue a certificate: a directory for NAME.pem and NAME.key");
    commands.add("list", "List machines", list)
        ->add_option("--query", options.query, "Only with this in the name or note");
    add_name(commands.add("show", "Show one machine", show));
    add_name(commands.add(
        "remove", "Remove a machine with its certificates and tokens, and disconnect it", remove));
    CLI::App* claim = command->add_subcommand(
        "claim-code", "Codes with which devices make themselves known and get a password");
    claim->require_subcommand(1);
    add_claim_commands(commands.within(*claim));
}

}  // namespace kith::cli

#include "cli/machine_certificate.h"

#include "access/certificate_office.h"
#include "base/bytes.h"
#include "base/hex.h"
#include "cli/commands.h"
#include "cli/control_command.h"
#include "cli/json_line.h"
#include "json/writer.h"
#include "node/certificates.h"
#include "node/process_facts.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>

namespace kith::cli {
namespace {

access::CertificateOrder order_of(const MachineCertificateOptions& options) {
    return {.machine = options.machine,
            .request_pem = {},
            .lifetime = std::chrono::days(options.days),
            .now = node::wall_now(),
            .ordered_by = "cli"};
}

/// The files that were written, or nothing after saying why not.
bool write_files(const MachineCertificateOptions& options,
                 const access::IssuedCertificate& issued) {
    std::error_code error;
    std::filesystem::create_directories(options.out, error);
    const std::string stem = options.out + "/" + options.machine;
    for (const auto& [file, content] : {std::pair(stem + ".key", &issued.private_key_pem),
                                        std::pair(stem + ".pem", &issued.certificate_pem)}) {
        if (content->empty()) {
            continue;
        }
        if (const auto written = node::write_private_file(file, *content); !written) {
            fmt::print(stderr, "kith: {}\n", written.error().text);
            return false;
        }
    }
    return true;
}

void write_json(const access::IssuedCertificate& issued, bool with_pem) {
    print_json_line([&](json::Writer& json) {
        json.field("machine", issued.record.machine);
        json.field("fingerprint", to_hex(issued.record.fingerprint));
        json.field("serial", issued.record.serial);
        json.field("subject", issued.record.subject);
        json.field("not_after", issued.record.not_after);
        json.field("created_at", issued.record.created_at);
        json.key("revoked_at");
        issued.record.revoked_at == WallTime() ? json.null() : json.value(issued.record.revoked_at);
        if (with_pem && !issued.certificate_pem.empty()) {
            json.field("certificate", issued.certificate_pem);
        }
        if (with_pem && !issued.private_key_pem.empty()) {
            json.field("key", issued.private_key_pem);
        }
    });
}

int show(const MachineCertificateOptions& options, const access::IssuedCertificate& issued) {
    const bool goes_to_files = !options.out.empty() && !issued.certificate_pem.empty();
    if (goes_to_files && !write_files(options, issued)) {
        return 1;
    }
    if (options.as_json) {
        write_json(issued, !goes_to_files);
        return 0;
    }
    if (goes_to_files) {
        fmt::print("{0}/{1}.pem{2}\n", options.out, options.machine,
                   issued.private_key_pem.empty()
                       ? ""
                       : fmt::format(" {}/{}.key", options.out, options.machine));
        return 0;
    }
    fmt::print("{}{}", issued.certificate_pem, issued.private_key_pem);
    if (issued.certificate_pem.empty()) {
        fmt::print("{}\n", to_hex(issued.record.fingerprint));
    }
    return 0;
}

Result<access::IssuedCertificate> map(storage::ControlStore& store, const std::string& pem,
                                      const access::CertificateOrder& order) {
    TRY_ASSIGN(auto record, access::map_certificate(store, pem, order));
    return access::IssuedCertificate{
        .record = std::move(record), .certificate_pem = {}, .private_key_pem = {}};
}

int list(storage::ControlStore& store, const MachineCertificateOptions& options) {
    const auto records = store.certificates_of(options.machine);
    if (!records) {
        return fail_with("cannot read the certificates", records.error().text);
    }
    for (const storage::CertificateRecord& record : *records) {
        if (options.as_json) {
            write_json({.record = record, .certificate_pem = {}, .private_key_pem = {}}, false);
            continue;
        }
        fmt::print("{} {} {} {}\n", to_hex(record.fingerprint), to_rfc3339(record.not_after),
                   record.revoked_at == WallTime() ? "good   " : "revoked", record.subject);
    }
    return 0;
}

int revoke(storage::ControlStore& store, const MachineCertificateOptions& options) {
    const std::vector<std::uint8_t> bytes = from_hex(options.fingerprint);
    storage::Digest fingerprint{};
    if (bytes.size() != fingerprint.size()) {
        return fail_with("cannot revoke the certificate",
                         "a fingerprint has 64 lower-case hexadecimal digits");
    }
    std::ranges::copy(bytes, fingerprint.begin());
    const Status revoked = access::revoke_certificate(store, fingerprint, order_of(options));
    if (!revoked) {
        return fail_with("cannot revoke the certificate", revoked.error().text);
    }
    return report_json(options.as_json, "revoked", options.fingerprint);
}

}  // namespace

int add_certificate(storage::ControlStore& store, const MachineCertificateOptions& options) {
    access::CertificateOrder order = order_of(options);
    const std::string& file = options.map_file.empty() ? options.request_file : options.map_file;
    std::string content;
    if (!file.empty()) {
        auto read = node::read_file(file);
        if (!read) {
            fmt::print(stderr, "kith: {}\n", read.error().text);
            return 1;
        }
        content = std::move(*read);
    }
    const auto data = node::NodeDirectory::open(options.data);
    const auto authority =
        data ? node::load_client_authority({}, *data, node::host_name(), order.now)
             : node::OrProblem<crypto::Identity>(tl::unexpected(data.error()));
    if (!authority) {
        fmt::print(stderr, "kith: {}\n", authority.error().text);
        return 1;
    }
    order.request_pem = options.map_file.empty() ? content : "";
    const auto issued = options.map_file.empty()
                            ? access::issue_certificate(store, *authority, order)
                            : map(store, content, order);
    return issued
               ? show(options, *issued)
               : fail_with("cannot add a certificate to " + options.machine, issued.error().text);
}

void add_machine_certificate(CLI::App& app, int& exit_code) {
    const auto machines =
        app.get_subcommands([](CLI::App* each) { return each->get_name() == "machine"; });
    CLI::App* machine = machines.empty()
                            ? app.add_subcommand("machine", "Machines and their credentials")
                            : machines.front();
    CLI::App* command =
        machine->add_subcommand("certificate", "Issue, map, list or revoke client certificates");
    command->require_subcommand(1);
    command->footer("Example: kith machine certificate add press-07 --out certificates");
    ControlCommands<MachineCertificateOptions> commands(*command, exit_code);
    MachineCertificateOptions& options = commands.options();
    CLI::App* add =
        commands.add("add", "Issue a certificate, or map a foreign one", add_certificate);
    CLI::App* list_command = commands.add("list", "List a machine's certificates", list);
    CLI::App* revoke_command =
        commands.add("revoke", "Take a certificate back; who uses it is disconnected", revoke);
    for (CLI::App* each : {add, list_command, revoke_command}) {
        each->add_option("machine", options.machine, "The machine's name")->required();
    }
    CLI::Option* request = add->add_option("--csr", options.request_file,
                                           "A signing request (PKCS #10, PEM): its key is used");
    add->add_option("--map", options.map_file,
                    "A certificate (PEM) of another authority: it stands for the machine")
        ->excludes(request);
    add->add_option("--out", options.out, "A directory for NAME.pem and NAME.key; else printed");
    add->add_option("--days", options.days, "How long it is valid")
        ->check(CLI::Range(1, 3650))
        ->capture_default_str();
    revoke_command->add_option("fingerprint", options.fingerprint, "As in the list")->required();
}

}  // namespace kith::cli

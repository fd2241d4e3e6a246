// kith mesh delegate: a second node that may let others in and revoke.
#include "cli/json_line.h"
#include "cli/mesh_commands.h"
#include "cli/mesh_files.h"
#include "json/writer.h"
#include "mesh/trust/mesh_directory.h"
#include "mesh/trust/private_file.h"
#include "node/process_facts.h"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>

namespace kith::cli {
namespace {

/// More than a certificate and a key take.
constexpr std::size_t kTextBytesMax = 16 << 10;

std::optional<std::string> read_all(const std::string& path) {
    std::ifstream file;
    if (path != "-") {
        file.open(path);
        if (!file) {
            return std::nullopt;
        }
    }
    std::istream& in = path == "-" ? std::cin : file;
    std::string text;
    for (std::istreambuf_iterator<char> at(in); at != std::istreambuf_iterator<char>(); ++at) {
        text.push_back(*at);
        if (text.size() > kTextBytesMax) {
            return std::nullopt;
        }
    }
    return text;
}

int take(const MeshOptions& options) {
    const auto text = read_all(options.taken);
    if (!text) {
        return fail_because("--take " + options.taken + ": cannot be read, or is too large");
    }
    mesh::MeshDirectory directory(options.data);
    if (const auto taken = directory.take_delegation(*text, node::wall_now()); !taken) {
        return fail_because(taken.error().text);
    }
    note(options, "mesh.delegate", "taken");
    if (options.as_json) {
        print_json_line([](json::Writer& json) { json.field("issuer", true); });
    }
    return 0;
}

}  // namespace

int mesh_delegate(const MeshOptions& options) {
    if (!options.taken.empty()) {
        return take(options);
    }
    const mesh::MeshDirectory directory(options.data);
    const std::string name = node_name(options);
    const auto text = directory.delegate(name, node::wall_now());
    if (!text) {
        return fail_because(text.error().text);
    }
    note(options, "mesh.delegate", name);
    if (!options.file.empty()) {
        if (const auto written = mesh::write_private_file(options.file, *text); !written) {
            return fail_because(written.error().text);
        }
    }
    if (options.as_json) {
        print_json_line([&](json::Writer& json) {
            json.field("holder", std::string_view(name));
            if (options.file.empty()) {
                json.field("authority", std::string_view(*text));
            }
        });
    } else if (options.file.empty()) {
        fmt::print("{}", *text);
    }
    return 0;
}

}  // namespace kith::cli

// kith mesh find: machines of all nodes, by type and capability, as the directory has them.
#include "cli/control_tool.h"
#include "cli/mesh_commands.h"
#include "cli/mesh_picture.h"
#include "http/url.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace kith::cli {
namespace {

constexpr std::string_view kPath = "/api/v1/mesh/directory?limit=1000";

std::string joined(json::View list) {
    std::string text;
    for (std::size_t i = 0; i < list.size(); ++i) {
        text += text.empty() ? "" : ", ";
        text += list.at(i).text().value_or("");
    }
    return text.empty() ? "-" : text;
}

void print_machine(json::View machine) {
    const std::string node = machine["node"].text() ? text_of(machine, "node_name") : "this node";
    fmt::print("{:24} {:16} {:16} {}\n", text_of(machine, "machine"), text_of(machine, "type"),
               node, joined(machine["capabilities"]));
}

std::string path_of(const MeshQuestion& question) {
    std::string path(kPath);
    if (!question.type.empty()) {
        path += "&type=" + http::percent_encode(question.type);
    }
    if (!question.capability.empty()) {
        path += "&capability=" + http::percent_encode(question.capability);
    }
    return path;
}

}  // namespace

int mesh_find(const MeshQuestion& question) {
    const auto text = ask_mesh_text(question, path_of(question));
    if (!text) {
        return 1;
    }
    const auto answer = json::Document::parse(*text);
    if (!answer) {
        return fail_with("the answer cannot be read", "is this a Kith node?");
    }
    const json::View machines = answer->root()["items"];
    if (question.as_json) {
        fmt::print("{}\n", *text);
    } else if (machines.size() > 0) {
        fmt::print("{:24} {:16} {:16} {}\n", "machine", "type", "node", "capabilities");
        for (std::size_t i = 0; i < machines.size(); ++i) {
            print_machine(machines.at(i));
        }
    }
    if (machines.size() == 0) {
        return fail_with("find", "no machine that is connected says that it is one");
    }
    return 0;
}

}  // namespace kith::cli

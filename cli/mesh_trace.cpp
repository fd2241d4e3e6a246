// kith mesh trace: the way of a message to a node, hop by hop, as link state has it.
#include "cli/control_tool.h"
#include "cli/mesh_commands.h"
#include "cli/mesh_picture.h"
#include "http/url.h"

#include <fmt/format.h>

#include <optional>
#include <string>

namespace kith::cli {
namespace {

/// "0.41 ms, 0 % lost, 0 bytes wait, custody of 3" where it was measured.
std::string measured(json::View hop) {
    const auto rtt_ms = hop["rtt_ms"].number();
    if (!rtt_ms) {
        return {};
    }
    return fmt::format("; measured {:.3g} ms, {:.3g} % lost, {} bytes wait, custody of {}", *rtt_ms,
                       100 * hop["loss"].number().value_or(0), hop["queue"].integer().value_or(0),
                       hop["custody"].integer().value_or(0));
}

void print_way(json::View trace) {
    const json::View hops = trace["hops"];
    fmt::print("{} hops, cost {}, by link state: no message was sent\n", hops.size() - 1,
               trace["cost"].integer().value_or(0));
    for (std::size_t i = 0; i < hops.size(); ++i) {
        const json::View hop = hops.at(i);
        fmt::print("{:2} {} ({})", i, text_of(hop, "name"), text_of(hop, "node"));
        if (const auto cost = hop["cost"].integer()) {
            fmt::print(": cost {}{}", *cost, measured(hop));
        }
        fmt::print("\n");
    }
}

}  // namespace

int mesh_trace(const MeshQuestion& question) {
    std::string path = "/api/v1/mesh/trace?to=" + http::percent_encode(question.node);
    if (!question.from.empty()) {
        path += "&from=" + http::percent_encode(question.from);
    }
    const auto text = ask_mesh_text(question, path);
    if (!text) {
        return 1;
    }
    const auto answer = json::Document::parse(*text);
    if (!answer) {
        return fail_with("the answer cannot be read", "is this a Kith node?");
    }
    const json::View trace = answer->root();
    const bool is_reachable = text_of(trace, "state") == "reachable";
    if (question.as_json) {
        fmt::print("{}\n", *text);
    } else if (is_reachable) {
        print_way(trace);
        if (const auto other = trace["alternative"].text()) {
            const auto nodes = ask_mesh(question, "/api/v1/mesh/nodes");
            const Names names = nodes ? names_of(nodes->root()["items"]) : Names();
            fmt::print("else by {}\n", called(names, std::string(*other)));
        }
    }
    if (!is_reachable) {
        return fail_with(question.node, "there is no way to it now");
    }
    return 0;
}

}  // namespace kith::cli

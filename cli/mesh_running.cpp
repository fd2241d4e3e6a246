// kith mesh status --http, peers and routes: what a running node says of its mesh.
#include "cli/mesh_commands.h"
#include "cli/mesh_picture.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace kith::cli {
namespace {

void write_value(json::Writer& json, json::View value) {
    if (const auto text = value.text()) {
        json.value(*text);
    } else if (const auto whole = value.integer()) {
        json.value(*whole);
    } else if (const auto number = value.number()) {
        json.value(*number);
    } else if (const auto truth = value.boolean()) {
        json.value(*truth);
    } else {
        json.null();
    }
}

/// A list of objects as it came, but for lists inside of them.
void write_list(json::Writer& json, std::string_view name, json::View items) {
    json.key(name);
    json.begin_array();
    for (std::size_t i = 0; i < items.size(); ++i) {
        json.begin_object();
        items.at(i).each_member([&json](std::string_view member, json::View value) {
            if (!value.is_array()) {
                json.key(member);
                write_value(json, value);
            }
        });
        json.end_object();
    }
    json.end_array();
}

void print_links(json::View links, const Names& names) {
    for (std::size_t i = 0; i < links.size(); ++i) {
        const json::View link = links.at(i);
        fmt::print("link to {} at {}: {}, {:.3g} ms, {:.3g} % lost, cost {}, {} bytes wait\n",
                   called(names, text_of(link, "to")), text_of(link, "address"),
                   text_of(link, "state"), link["rtt_ms"].number().value_or(0),
                   100 * link["loss"].number().value_or(0), link["cost"].integer().value_or(0),
                   link["queue"].integer().value_or(0));
    }
}

}  // namespace

int mesh_running_status(const MeshQuestion& question) {
    const auto picture = MeshPicture::ask_for(question, "/api/v1/mesh/links");
    if (!picture) {
        return 1;
    }
    const json::View mesh = picture->mesh.root();
    const json::View nodes = picture->nodes.root()["items"];
    if (question.as_json) {
        std::string line;
        json::Writer json(line);
        json.begin_object();
        for (const char* member : {"state", "reason", "node", "name", "address"}) {
            json.key(member);
            write_value(json, mesh[member]);
        }
        write_list(json, "nodes", nodes);
        write_list(json, "links", picture->items());
        json.end_object();
        fmt::print("{}\n", line);
        return 0;
    }
    if (!picture->is_on()) {
        return 0;
    }
    fmt::print("{} ({}) listens on {}\n", text_of(mesh, "name"), text_of(mesh, "node"),
               text_of(mesh, "address"));
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        fmt::print("node {} ({}): {}, {}\n", text_of(nodes.at(i), "name"),
                   text_of(nodes.at(i), "id"), text_of(nodes.at(i), "role"),
                   text_of(nodes.at(i), "state"));
    }
    print_links(picture->items(), picture->names());
    return 0;
}

int mesh_peers(const MeshQuestion& question) {
    const auto picture = MeshPicture::ask_for(question, "/api/v1/mesh/links");
    if (!picture) {
        return 1;
    }
    const json::View peers = picture->mesh.root()["peers"];
    if (question.as_json) {
        std::string line;
        json::Writer json(line);
        json.begin_object();
        write_list(json, "peers", peers);
        write_list(json, "links", picture->items());
        json.end_object();
        fmt::print("{}\n", line);
        return 0;
    }
    if (!picture->is_on()) {
        return 0;
    }
    for (std::size_t i = 0; i < peers.size(); ++i) {
        fmt::print("peer {}: {}\n", text_of(peers.at(i), "peer"), text_of(peers.at(i), "state"));
    }
    print_links(picture->items(), picture->names());
    return 0;
}

int mesh_routes(const MeshQuestion& question) {
    const auto picture = MeshPicture::ask_for(question, "/api/v1/mesh/routes");
    if (!picture) {
        return 1;
    }
    if (question.as_json) {
        std::string line;
        json::Writer json(line);
        json.begin_object();
        write_list(json, "routes", picture->items());
        json.end_object();
        fmt::print("{}\n", line);
        return 0;
    }
    if (!picture->is_on()) {
        return 0;
    }
    const Names names = picture->names();
    for (std::size_t i = 0; i < picture->items().size(); ++i) {
        const json::View route = picture->items().at(i);
        if (route["next_hop"].is_null()) {
            fmt::print("{}: cannot be reached\n", called(names, text_of(route, "to")));
            continue;
        }
        fmt::print("{}: by {}, cost {}, else by {}\n", called(names, text_of(route, "to")),
                   called(names, text_of(route, "next_hop")), route["cost"].integer().value_or(0),
                   called(names, text_of(route, "alternative")));
    }
    return 0;
}

}  // namespace kith::cli

#include "api/machine_directory.h"

#include <algorithm>
#include <map>
#include <optional>

#include "json/document.h"

namespace kith::api {
namespace {

struct Home {
    std::string name;
    bool is_reachable = false;
};
using Homes = std::map<std::string, Home, std::less<>>;

Homes homes_of(const MeshFacts& mesh) {
    Homes homes;
    for (const MeshNodeFacts& node : mesh.nodes) {
        homes[node.id] = {.name = node.name, .is_reachable = node.state != "unreachable"};
    }
    return homes;
}

std::string text_of(json::View value) {
    return std::string(value.text().value_or(std::string_view()));
}

std::vector<std::string> texts_of(json::View list) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; list.is_array() && i < list.size(); ++i) {
        if (const auto text = list.at(i).text()) {
            texts.emplace_back(*text);
        }
    }
    return texts;
}

/// Nothing if it is no entry, or of a machine that cannot be there now.
std::optional<DirectoryMachine> machine_of(const DirectoryEntry& entry, const Homes& homes) {
    const Result<json::Document> document = json::Document::parse(entry.payload);
    if (!document || !document->root()["type"].text()) {
        return std::nullopt;
    }
    const json::View root = document->root();
    DirectoryMachine machine{.machine = entry.machine,
                             .type = text_of(root["type"]),
                             .name = text_of(root["name"]),
                             .td = text_of(root["td"]),
                             .capabilities = texts_of(root["capabilities"]),
                             .topics = texts_of(root["topics"]),
                             .node = text_of(root["node"]),
                             .node_name = {},
                             .since = text_of(root["since"])};
    if (!machine.node.empty()) {
        const auto home = homes.find(machine.node);
        if (home == homes.end() || !home->second.is_reachable) {
            return std::nullopt;
        }
        machine.node_name = home->second.name;
    }
    return machine;
}

bool matches(const DirectoryMachine& machine, const DirectoryQuery& query) {
    return (query.type.empty() || machine.type == query.type) &&
           (query.capability.empty() || std::ranges::find(machine.capabilities, query.capability) !=
                                            machine.capabilities.end());
}

}  // namespace

DirectoryPage find_machines(const std::vector<DirectoryEntry>& entries, const MeshFacts& mesh,
                            const DirectoryQuery& query) {
    const Homes homes = homes_of(mesh);
    DirectoryPage page;
    for (const DirectoryEntry& entry : entries) {
        std::optional<DirectoryMachine> machine = machine_of(entry, homes);
        if (machine && matches(*machine, query)) {
            page.machines.push_back(std::move(*machine));
        }
    }
    page.total = page.machines.size();
    std::ranges::sort(page.machines, {}, &DirectoryMachine::machine);
    if (!query.after.empty()) {
        const auto first =
            std::ranges::upper_bound(page.machines, query.after, {}, &DirectoryMachine::machine);
        page.machines.erase(page.machines.begin(), first);
    }
    if (query.limit > 0 && page.machines.size() > query.limit) {
        page.machines.resize(query.limit);
        page.next = page.machines.back().machine;
    }
    return page;
}

}  // namespace kith::api

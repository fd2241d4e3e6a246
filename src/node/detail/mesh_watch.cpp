#include "node/detail/mesh_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace kith::node {
namespace {

/// Names that one event lists.
constexpr std::size_t kNamesMax = 5;

bool is_lost_router(const api::MeshNodeFacts& node) {
    return node.state == "unreachable" && node.role == "router";
}

/// Routers that cannot be reached, and tell that they are linked to another one of these.
std::vector<std::string> cut_off(const api::MeshFacts& mesh) {
    std::map<std::string, const api::MeshNodeFacts*> lost;
    for (const api::MeshNodeFacts& node : mesh.nodes) {
        if (is_lost_router(node)) {
            lost.emplace(node.id, &node);
        }
    }
    std::vector<std::string> names;
    for (const auto& [id, node] : lost) {
        const bool is_linked = std::ranges::any_of(
            node->neighbors, [&](const api::MeshToldNeighbor& to) { return lost.contains(to.id); });
        if (is_linked) {
            names.push_back(node->name.empty() ? id : node->name);
        }
    }
    return names;
}

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), kNamesMax); ++i) {
        text += (i == 0 ? "" : ", ") + names[i];
    }
    return names.size() > kNamesMax ? fmt::format("{} and {} more", text, names.size() - kNamesMax)
                                    : text;
}

}  // namespace

std::vector<NodeEvent> MeshWatch::update(const api::MeshFacts& mesh, Has has, WallTime now) {
    now_ = now;
    const bool was_on = std::exchange(is_on_, mesh.is_on);
    if (!mesh.is_on) {
        nodes_.clear();
        links_.clear();
        health_ = {};
        return {};
    }
    compare_links(mesh);
    if (has == Has::Nodes) {
        compare_nodes(mesh);
        compare_parts(mesh);
    }
    if (!was_on) {
        events_.clear();
    }
    return within_budget();
}

void MeshWatch::compare_links(const api::MeshFacts& mesh) {
    std::map<std::string, std::string> links;
    for (const api::MeshLinkFacts& link : mesh.links) {
        if (link.is_up) {
            links.try_emplace(link.to, link.address);
        }
    }
    for (const auto& [node, address] : links) {
        if (!links_.contains(node)) {
            add("link_up", node, fmt::format("Linked to {}", name_of(node)));
            events_.back().address = address;
        }
    }
    for (const auto& [node, address] : links_) {
        if (!links.contains(node)) {
            add("link_down", node, fmt::format("No link to {} any more", name_of(node)));
            events_.back().address = address;
        }
    }
    links_ = std::move(links);
}

void MeshWatch::compare_nodes(const api::MeshFacts& mesh) {
    std::map<std::string, Known> nodes;
    health_.unreachable_count = 0;
    for (const api::MeshNodeFacts& node : mesh.nodes) {
        const Known known{.name = node.name, .is_reachable = node.state != "unreachable"};
        health_.unreachable_count += is_lost_router(node) ? 1U : 0U;
        nodes.emplace(node.id, known);
    }
    const std::map<std::string, Known> before = std::exchange(nodes_, std::move(nodes));
    for (const auto& [id, node] : nodes_) {
        const auto known = before.find(id);
        if (known == before.end()) {
            if (node.is_reachable) {
                add("node_joined", id, fmt::format("{} is there", name_of(id)));
            }
        } else if (known->second.is_reachable && !node.is_reachable) {
            add("node_gone", id, fmt::format("{} cannot be reached any more", name_of(id)));
        } else if (!known->second.is_reachable && node.is_reachable) {
            add("node_back", id, fmt::format("{} is reached again", name_of(id)));
        }
    }
}

void MeshWatch::compare_parts(const api::MeshFacts& mesh) {
    const std::vector<std::string> names = cut_off(mesh);
    const bool was_parted = std::exchange(health_.is_parted, !names.empty());
    if (!was_parted && health_.is_parted) {
        add("partitioned", {},
            fmt::format("The mesh is in parts: of {} nodes {} cannot be reached, which were linked "
                        "to each other: {}",
                        mesh.nodes.size(), names.size(), listed(names)));
    } else if (was_parted && !health_.is_parted) {
        add("healed", {}, "The mesh is whole again");
    }
}

void MeshWatch::add(std::string_view change, const std::string& node, std::string text) {
    events_.push_back({.at = now_,
                       .kind = "mesh",
                       .client_id = {},
                       .text = std::move(text),
                       .address = {},
                       .reason = std::string(change),
                       .transport = {},
                       .node = node});
}

std::string MeshWatch::name_of(const std::string& node) const {
    const auto known = nodes_.find(node);
    return known == nodes_.end() || known->second.name.empty() ? node : known->second.name;
}

/// What says that the mesh is in parts is always told: it comes last, and twice at most.
std::vector<NodeEvent> MeshWatch::within_budget() {
    budget_ = std::min(budget_ + 1, kBurst);
    std::vector<NodeEvent> told;
    std::map<std::string, std::size_t> others;  // how many, by change
    for (NodeEvent& event : std::exchange(events_, {})) {
        if (event.node.empty()) {
            told.push_back(std::move(event));
        } else if (budget_ > 0) {
            --budget_;
            told.push_back(std::move(event));
        } else {
            ++others[event.reason];
        }
    }
    for (const auto& [change, count] : others) {
        std::string words = change;
        std::ranges::replace(words, '_', ' ');
        add(change, {}, fmt::format("The same happened to {} more: {}", count, words));
        told.push_back(std::move(events_.back()));
        events_.clear();
    }
    return told;
}

}  // namespace kith::node

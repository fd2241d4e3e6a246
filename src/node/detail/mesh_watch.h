// What happens to the mesh as this node sees it: links, nodes, and whether it is in parts.
//
// Compares what the node knows with what it knew, and tells the difference as events of kind
// "mesh". The mesh is taken for parted when two routers that were linked to each other cannot be
// reached: one that is gone alone may have been switched off. Two that were switched off together
// look the same. Threads: shard-local. Limits: as many nodes as are known; of the events, kBurst at
// once and one with each look beyond that, the rest are told in one.
#pragma once

#include "api/mesh_facts.h"
#include "base/time.h"
#include "node/event_log.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kith::node {

class MeshWatch {
  public:
    /// Events beyond that are told as one.
    static constexpr std::size_t kBurst = 20;

    /// Whether the facts have nodes; those that were known stand if not.
    enum class Has : std::uint8_t { NoNodes, Nodes };
    /// What has changed. The facts have links. Of a mesh that was just turned on, nothing.
    [[nodiscard]] std::vector<NodeEvent> update(const api::MeshFacts& mesh, Has has, WallTime now);
    [[nodiscard]] const api::MeshHealth& health() const { return health_; }

  private:
    struct Known {
        std::string name;
        bool is_reachable = true;
    };
    void compare_links(const api::MeshFacts& mesh);
    void compare_nodes(const api::MeshFacts& mesh);
    void compare_parts(const api::MeshFacts& mesh);
    void add(std::string_view change, const std::string& node, std::string text);
    [[nodiscard]] std::string name_of(const std::string& node) const;
    [[nodiscard]] std::vector<NodeEvent> within_budget();

    bool is_on_ = false;
    std::map<std::string, Known> nodes_;        // by id
    std::map<std::string, std::string> links_;  // addresses, by id of the neighbour
    api::MeshHealth health_;
    std::size_t budget_ = kBurst;
    WallTime now_;
    std::vector<NodeEvent> events_;  // of this look
};

}  // namespace kith::node

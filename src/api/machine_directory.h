// The directory of machines as it is asked: entries of `$mesh/dir/<machine>`, by type and
// capability.
//
// What another node has let into an entry is not believed to be well formed. A machine of a node
// that cannot be reached is left out: its node cannot say any more that it has gone. Pure
// functions. Limits: kRowsMax of a page.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/backend.h"
#include "api/mesh_facts.h"

namespace kith::api {

struct DirectoryQuery {
    std::string type;        // empty: any
    std::string capability;  // likewise
    std::size_t limit = 0;   // 0: all
    std::string after;       // machine that was shown last
};

struct DirectoryMachine {
    std::string machine;
    std::string type;
    std::string name;  // empty: none
    std::string td;    // likewise
    std::vector<std::string> capabilities;
    std::vector<std::string> topics;
    std::string node;  // id; empty: this one, which is in no mesh
    std::string node_name;
    std::string since;  // RFC 3339
};

struct DirectoryPage {
    std::vector<DirectoryMachine> machines;  // by name
    std::string next;                        // for `after`; empty: that was all
    std::size_t total = 0;                   // that match
};

/// Of mesh facts with nodes.
[[nodiscard]] DirectoryPage find_machines(const std::vector<DirectoryEntry>& entries,
                                          const MeshFacts& mesh, const DirectoryQuery& query);

}  // namespace kith::api

// The mesh as the API shows it. Threads: the first shard.
#pragma once

#include "api/mesh_facts.h"
#include "node/detail/mesh_pillar.h"

namespace kith::node {

[[nodiscard]] api::MeshFacts mesh_facts(const MeshPillar& mesh, const api::MeshWanted& wanted);

}  // namespace kith::node

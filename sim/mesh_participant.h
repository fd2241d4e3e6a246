// MeshNode as the simulator runs it.
#pragma once

#include "sim/participant.h"

namespace kith::sim {

/// Makes MeshNodes.
[[nodiscard]] std::unique_ptr<Participant> make_mesh_participant(const Birth& birth);

}  // namespace kith::sim

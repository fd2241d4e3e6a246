// What a machine's options say of its mesh, and its directory made ready for that.
//
// Threads: any; blocks on the disk, before the machine has a thread.
#pragma once

#include <string>

#include "sdk/kith/machine.h"
#include "sdk/mesh_carrier.h"

namespace kith::sdk {

/// Makes the directory if need be, and keeps the token in it, if there is one and the machine is no
/// member yet. What is missing are the pool and the log. Errors: Invalid.
[[nodiscard]] Outcome<MeshSettings> mesh_settings(const std::string& id,
                                                  const MachineOptions& options);

}  // namespace kith::sdk

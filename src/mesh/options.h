// How a node behaves in the mesh.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/time.h"
#include "mesh/limits.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

/// How soon a silent neighbour is noticed, and what that costs on an idle link.
struct Timing {
    Duration hello_idle = 500ms;    // no data in this direction
    Duration hello_active = 100ms;  // data within the last second

    [[nodiscard]] static constexpr Timing fast() { return {100ms, 50ms}; }
    [[nodiscard]] static constexpr Timing normal() { return {500ms, 100ms}; }
    [[nodiscard]] static constexpr Timing frugal() { return {5s, 500ms}; }
};

struct MeshOptions {
    NodeId self;
    std::string name;
    NodeRole role = NodeRole::Router;
    std::uint32_t epoch = 1;  // of this start; larger than that of every start before
    Timing timing;
    Duration barrier_timeout = kBarrierTimeout;
    /// Bytes of messages that wait in memory for nodes that cannot be reached. Beyond, their
    /// content is on disk alone; without a disk, what has least time left is dropped and counted.
    std::size_t spool_memory_bytes_max = 64U << 20U;
    /// Bytes and messages whose content is on disk alone. Beyond, those that have least time left
    /// are dropped and counted.
    std::size_t spool_disk_bytes_max = 1U << 30U;
    std::size_t spool_messages_max = 250'000;
    /// What waited for so long for a node that cannot be reached is dropped and counted.
    Duration partition_ttl = kRecordLifetime;
    /// Planted mistakes, which the oracles must find. Never set but by the simulator.
    struct Mutants {
        bool forgets_custody = false;     // drops a message once it is sent
        bool forgets_duplicates = false;  // delivers whatever arrives
        bool repairs_nothing = false;     // does not compare common state
        bool reassigns_nothing = false;   // a share group waits for a member that is gone
    } mutants;
};

}  // namespace kith::mesh

// A stream of random numbers for each thing that happens by chance.
//
// The stream of a link or a node depends on the seed of the run, on whose it is and on what it is
// for, and on nothing else: a node more, a frame less or another fault leaves all others as they
// were. So that a failing run can be made smaller and still fail.
#pragma once

#include <cstdint>

#include "base/random.h"

namespace kith::sim {

enum class Purpose : std::uint8_t {
    Topology = 1,
    Identity,
    Clock,
    Core,  // of MeshNode itself
    Dial,
    Delay,
    Loss,
    Disk,
    Faults,
    Workload,
    Rogue,
};

/// `first` and `second` name whose it is: a node, or both ends of a wire in their order.
[[nodiscard]] std::uint64_t stream_seed(std::uint64_t seed, Purpose purpose,
                                        std::uint64_t first = 0, std::uint64_t second = 0);

[[nodiscard]] inline Random stream(std::uint64_t seed, Purpose purpose, std::uint64_t first = 0,
                                   std::uint64_t second = 0) {
    return Random(stream_seed(seed, purpose, first, second));
}

}  // namespace kith::sim

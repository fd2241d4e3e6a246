#include "sim/seeds.h"

namespace kith::sim {
namespace {

/// One step of splitmix64: a bijection that mixes well.
std::uint64_t mix(std::uint64_t z) {
    z += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

}  // namespace

std::uint64_t stream_seed(std::uint64_t seed, Purpose purpose, std::uint64_t first,
                          std::uint64_t second) {
    return mix(mix(mix(mix(seed) ^ static_cast<std::uint64_t>(purpose)) ^ first) ^ second);
}

}  // namespace kith::sim

#include "base/random.h"

#include <bit>

#include "base/check.h"

namespace kith {
namespace {

std::uint64_t splitmix(std::uint64_t& state) {
    state += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

}  // namespace

Random::Random(std::uint64_t seed) {
    for (std::uint64_t& word : state_) {
        word = splitmix(seed);
    }
}

std::uint64_t Random::next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

std::uint64_t Random::below(std::uint64_t bound) {
    CHECK(bound > 0);
    // Rejects the incomplete last interval, so that every value is equally likely.
    const std::uint64_t rejected = (0 - bound) % bound;
    std::uint64_t value = next();
    while (value < rejected) {
        value = next();
    }
    return value % bound;
}

double Random::unit() {
    return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

Duration Random::between(Duration min, Duration max) {
    CHECK(min <= max);
    // In unsigned arithmetic, which wraps: the distance may exceed what a Duration holds.
    const auto first = static_cast<std::uint64_t>(min.count());
    const std::uint64_t count = static_cast<std::uint64_t>(max.count()) - first + 1;
    const std::uint64_t offset = count == 0 ? next() : below(count);
    return Duration(static_cast<std::int64_t>(first + offset));
}

}  // namespace kith

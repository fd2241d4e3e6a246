// How far a stream has come changes: places are given up, come late after all, or are done with.
//
// Invariant: `given_up` is sound, as is_sound() says. Threads: none of its own. Limits:
// kStreamRangesMax.
#pragma once

#include <cstdint>

#include "mesh/ports.h"

namespace kith::mesh {

/// Ranges in order, apart from one another, not beyond what was delivered, and not too many.
[[nodiscard]] bool is_sound(const StreamProgress& progress);

/// Everything up to `last` is done with: handed out or, from what was delivered on, given up.
/// Requires: progress.delivered < last.
void give_up_to(StreamProgress& progress, std::uint64_t last);

enum class Lateness : std::uint8_t {
    NotAwaited,  // was handed out, or is not to come
    Late,        // was given up; it is not any more
    NoRoom,      // was given up, and cannot be told apart while so much else is
};
/// A message comes at a place up to which all was delivered.
[[nodiscard]] Lateness take_late(StreamProgress& progress, std::uint64_t place);

/// Nothing before `place` comes any more.
void forget_before(StreamProgress& progress, std::uint64_t place);

}  // namespace kith::mesh

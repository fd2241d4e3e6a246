// Client ids that put publishers and subscribers on the same worker of a Kith node, or on different
// ones: what passes between workers costs more, and chance alone decides otherwise.
//
// Kith serves a session on the worker that the hash of its client id names. Another broker makes of
// these ids what it likes. Threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kith::bench {

enum class Placement : std::uint8_t {
    Mixed,      // as it comes
    SameShard,  // both sides of a pair on one worker
    CrossShard  // each side on a worker of its own
};
enum class Side : std::uint8_t { Publisher, Subscriber };

/// The worker for this side of the pair with this number; none for Mixed. Pairs take turns, so that
/// all workers have some. Requires: worker_count > 1 for CrossShard.
[[nodiscard]] std::optional<std::uint16_t> worker_for(Placement placement, Side side,
                                                      std::size_t pair, std::uint16_t worker_count);

/// An id that begins with `name` and is at home on this worker of a node that has so many.
[[nodiscard]] std::string client_id_on(std::uint16_t worker, std::uint16_t worker_count,
                                       const std::string& name);

}  // namespace kith::bench

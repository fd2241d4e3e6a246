// A wire between two nodes: what it does to frames, in each direction.
#pragma once

#include <array>
#include <cstdint>

#include "base/random.h"
#include "base/time.h"
#include "sim/event.h"
#include "sim/loss.h"

namespace kith::sim {

enum class WireModel : std::uint8_t {
    Stream,    // as TCP: all in order; a loss holds what is behind it for an RTO of 200 ms or more
    Datagram,  // as UDP: each frame by itself; lost, twice or late
};

struct WireOptions {
    WireModel model = WireModel::Stream;
    Duration delay_min = 1ms;  // one way, uniform
    Duration delay_max = 1ms;
    std::uint64_t bytes_per_s = 0;  // 0: no limit
    LossOptions loss;
    double duplicate = 0;  // probability; of datagrams
    double reorder = 0;    // probability that a datagram takes ten times as long
    std::uint32_t cost_bias = 0;
    /// A stream that has something unacknowledged for so long is given up (TCP_USER_TIMEOUT).
    Duration user_timeout = 1600ms;
};

/// Since the start, as they went on the wire: with the headers of all layers below, without
/// acknowledgements that travel alone.
struct WireCounters {
    std::uint64_t frames = 0;
    std::uint64_t bytes = 0;
    std::uint64_t lost = 0;
    std::uint64_t overflows = 0;
};

/// IPv4 and TCP with time stamps (52), and a record of TLS 1.3 (22).
inline constexpr std::size_t kStreamHeaderBytes = 74;
/// IPv4 and UDP (28), connection id and packet number (8), tag (16).
inline constexpr std::size_t kDatagramHeaderBytes = 52;

/// One direction of a wire. It outlives the sessions that use it.
struct Direction {
    explicit Direction(std::uint64_t delay_seed, std::uint64_t loss_seed)
        : delay(delay_seed), loss_draw(loss_seed) {}

    Random delay;
    Random loss_draw;
    Loss loss;
    Instant busy_until;
    std::uint32_t cuts = 0;  // how many faults hold it cut
    Instant cut_since;
    WireCounters counters;
};

struct Wire {
    std::array<NodeIndex, 2> nodes;
    WireOptions options;
    std::array<Direction, 2> directions;  // [0]: from nodes[0] to nodes[1]
    Random dial_draw;
    std::uint32_t session = UINT32_MAX;  // the last one
    std::uint32_t dial_generation = 0;   // of the next try: another one is void
    std::uint32_t dial_failures = 0;
};

}  // namespace kith::sim

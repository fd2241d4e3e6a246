// What is to happen to wires, and when, as lines of text.
//
//     t=5s link a-b loss=20% delay=40ms+-10ms
//     t=8s link a-b to b cut=yes
//     link * rate=10mbit queue=64kB duplicate=1% reorder=0.5% jitter=2ms
//
// A line without a time is for now. Without `to` it is for both directions; `*` is every link. What
// a line does not name stays as it was. `clear` sets everything back. `#` begins a comment. Limits:
// kLineBytesMax.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "tools/linkemu/wire.h"

namespace kith::linkemu {

inline constexpr std::size_t kLineBytesMax = 4096;

struct Order {
    std::optional<Duration> at;  // since the start; none: now
    std::string link;            // "*": all
    std::string to;              // the end that it is towards; empty: both

    bool clears = false;
    std::optional<Duration> delay;
    std::optional<Duration> jitter;
    std::optional<double> loss;
    std::optional<double> duplicate;
    std::optional<double> reorder;
    std::optional<std::uint64_t> bits_per_s;
    std::optional<std::size_t> queue_bytes;
    std::optional<bool> is_cut;

    [[nodiscard]] WireSettings applied_to(const WireSettings& before) const;
};

/// None: nothing but white space and a comment.
[[nodiscard]] Result<std::optional<Order>> parse_order(std::string_view line);

}  // namespace kith::linkemu

// What the oracles found: which promise was broken, when, and how it shows.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace kith::sim {

/// The promises that are checked, as docs/guide/simulate.md numbers them.
enum class Oracle : std::uint8_t {
    NoLoss = 1,       // QoS 1 and 2: what was acknowledged arrives
    ExactlyOnce = 2,  // QoS 2
    Order = 3,        // of a flow
    NoLoops = 4,      // no message visits a node again and again
    Convergence = 5,  // same records everywhere, routes as an independent computation finds them
    Interest = 6,     // what is told of subscriptions is a superset of them
    Memory = 8,       // nothing is held when there is nothing to do
    IdleCost = 9,     // bytes a second on an idle link
    Barrier = 10,     // whoever was told knows
    Determinism = 11,
    Health = 12,  // no node is stuck, or says what no node may say
};
[[nodiscard]] std::string_view to_string(Oracle oracle);

class Verdicts {
  public:
    struct Finding {
        Oracle oracle;
        Instant at;
        std::string text;
    };

    void broken(Oracle oracle, Instant at, std::string text);

    [[nodiscard]] bool is_clean() const { return count_ == 0; }
    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] std::uint64_t count(Oracle oracle) const {
        return counts_[static_cast<std::size_t>(oracle)];
    }
    /// The first kFindingsMax of them.
    [[nodiscard]] const std::vector<Finding>& findings() const { return findings_; }

    static constexpr std::size_t kFindingsMax = 20;

  private:
    std::vector<Finding> findings_;
    std::uint64_t count_ = 0;
    std::array<std::uint64_t, 16> counts_{};
};

}  // namespace kith::sim

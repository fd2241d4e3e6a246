// What goes wrong in a run, and when: a plan that follows from the seed, and who carries it out.
//
// Each fault begins and ends; at the end of the plan everything is mended, except what was
// destroyed. Faults are independent of each other, so that a failing run can be repeated without
// some of them. Limits: kFaultsMax.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "sim/world.h"

namespace kith::sim {

enum class FaultKind : std::uint8_t {
    Crash,        // a process dies, its kernel resets its links; it comes back with its disk
    Power,        // a computer dies in silence; it comes back with its disk
    Wipe,         // a computer dies and comes back as another one, without disk and key
    Freeze,       // a process stops for 1 to 60 s, its kernel does not
    Cut,          // a wire carries nothing, in silence
    OneWay,       // ... in one direction
    Partition,    // all wires between two halves
    Loss,         // a wire loses a third, in bursts
    SlowDisk,     // each sync takes 500 ms
    FullDisk,     // no sync completes
    Clock,        // a wall clock jumps by up to a day
    MassRestart,  // a third of all processes die at once and come back
    Rogue,        // a stranger with a certificate sends nonsense and what it has heard
    Twin,         // a stranger has the id of a node, with another key
};
inline constexpr std::size_t kFaultKindCount = 14;
inline constexpr std::size_t kFaultsMax = 10'000;

/// "crash", "power", ... as in `--faults`.
[[nodiscard]] std::string_view to_string(FaultKind kind);
/// "all", "none", or names separated by commas; nothing if one is not known.
[[nodiscard]] std::optional<std::vector<FaultKind>> faults_named(std::string_view names);

struct Fault {
    FaultKind kind = FaultKind::Crash;
    Instant at;
    Duration duration{};
    std::uint32_t subject = 0;  // a node or a wire, by the kind
    std::uint64_t draw = 0;     // for what else is left to chance
};
[[nodiscard]] std::string to_string(const Fault& fault);

struct FaultPlan {
    std::vector<FaultKind> kinds;
    Instant from;
    Instant until;  // all have ended by then
    std::uint32_t node_count = 0;
    std::uint32_t wire_count = 0;
    Duration interval = 10s;  // between the beginnings of two, on average
};

/// In order of time.
[[nodiscard]] std::vector<Fault> plan_faults(const FaultPlan& plan, Random random);

/// Carries a plan out on a world.
class FaultInjector {
  public:
    struct Hooks {
        /// Before a disk is wiped.
        std::function<void(NodeIndex)> on_destroy;
        /// Makes the node of a rogue.
        ParticipantFactory rogue;
    };

    /// `member_count`: the world's nodes that belong to the mesh; strangers are added behind them.
    FaultInjector(World& world, NodeIndex member_count, Hooks hooks);
    /// Once, before the world runs.
    void schedule(const std::vector<Fault>& faults);

    /// Beginnings and ends so far.
    [[nodiscard]] std::uint64_t change_count() const { return change_count_; }

  private:
    void add_stranger(Fault& fault);
    void begin(const Fault& fault);
    void end(const Fault& fault);
    void begin_node(const Fault& fault, Death death);
    void set_cut(const Fault& fault, bool is_cut);
    void set_partition(const Fault& fault, bool is_cut);
    void start(NodeIndex node);
    [[nodiscard]] std::vector<NodeIndex> victims(const Fault& fault) const;
    [[nodiscard]] std::vector<bool> half(const Fault& fault) const;

    World& world_;
    NodeIndex member_count_;
    Hooks hooks_;
    std::uint64_t change_count_ = 0;
};

}  // namespace kith::sim

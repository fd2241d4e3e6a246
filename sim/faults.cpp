#include "sim/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>

#include "base/check.h"

namespace kith::sim {
namespace {

constexpr std::array<std::string_view, kFaultKindCount> kNames{
    "crash", "power",    "wipe",     "freeze", "cut",          "oneway", "partition",
    "loss",  "slowdisk", "fulldisk", "clock",  "mass-restart", "rogue",  "twin"};

struct Range {
    Duration min;
    Duration max;
};

Range duration_of(FaultKind kind) {
    switch (kind) {
        case FaultKind::Crash:
        case FaultKind::Power:
        case FaultKind::Wipe:
            return {200ms, 20s};
        case FaultKind::Freeze:
            return {1s, 60s};
        case FaultKind::Cut:
        case FaultKind::OneWay:
        case FaultKind::Loss:
            return {500ms, 20s};
        case FaultKind::Partition:
            return {2s, 60s};
        case FaultKind::SlowDisk:
        case FaultKind::FullDisk:
            return {1s, 20s};
        case FaultKind::Clock:
            return {0s, 0s};
        case FaultKind::MassRestart:
            return {500ms, 10s};
        case FaultKind::Rogue:
        case FaultKind::Twin:
            return {5s, 30s};
    }
    return {};
}

bool is_of_wire(FaultKind kind) {
    return kind == FaultKind::Cut || kind == FaultKind::OneWay || kind == FaultKind::Loss;
}

std::optional<FaultKind> fault_named(std::string_view name) {
    const auto found = std::ranges::find(kNames, name);
    if (found == kNames.end()) {
        return std::nullopt;
    }
    return static_cast<FaultKind>(found - kNames.begin());
}

}  // namespace

std::string_view to_string(FaultKind kind) {
    return kNames[static_cast<std::size_t>(kind)];
}

std::string to_string(const Fault& fault) {
    return fmt::format("{} of {} at {:.3f} s for {:.3f} s", to_string(fault.kind), fault.subject,
                       static_cast<double>(fault.at.ns()) / 1e9,
                       static_cast<double>(fault.duration.count()) / 1e9);
}

std::optional<std::vector<FaultKind>> faults_named(std::string_view names) {
    std::vector<FaultKind> kinds;
    if (names == "none") {
        return kinds;
    }
    if (names == "all") {
        for (std::size_t i = 0; i < kFaultKindCount; ++i) {
            kinds.push_back(static_cast<FaultKind>(i));
        }
        return kinds;
    }
    while (!names.empty()) {
        const std::size_t comma = std::min(names.find(','), names.size());
        const auto kind = fault_named(names.substr(0, comma));
        if (!kind) {
            return std::nullopt;
        }
        kinds.push_back(*kind);
        names.remove_prefix(std::min(comma + 1, names.size()));
    }
    return kinds;
}

std::vector<Fault> plan_faults(const FaultPlan& plan, Random random) {
    std::vector<Fault> faults;
    if (plan.kinds.empty() || plan.until <= plan.from) {
        return faults;
    }
    const Duration span = plan.until - plan.from;
    const auto count =
        std::clamp<std::size_t>(static_cast<std::size_t>(span / plan.interval), 1, kFaultsMax);
    for (std::size_t i = 0; i < count; ++i) {
        // Each draws the same number of times, whatever it is.
        const FaultKind kind = plan.kinds[random.below(plan.kinds.size())];
        const auto [min, max] = duration_of(kind);
        Duration duration = random.between(Duration::zero(), Duration(1'000'000'000));
        // Short ones are as likely as long ones: the square of a uniform number.
        const double share = static_cast<double>(duration.count()) / 1e9;
        duration = min + Duration(static_cast<std::int64_t>(
                             static_cast<double>((max - min).count()) * share * share));
        duration = std::min(duration, span);
        const Instant at = plan.from + random.between(Duration::zero(), span - duration);
        const std::uint32_t subjects = is_of_wire(kind) ? plan.wire_count : plan.node_count;
        const auto subject = static_cast<std::uint32_t>(random.below(std::max(subjects, 1U)));
        faults.push_back({.kind = kind,
                          .at = at,
                          .duration = duration,
                          .subject = subject,
                          .draw = random.next()});
    }
    std::ranges::stable_sort(faults, {}, &Fault::at);
    return faults;
}

FaultInjector::FaultInjector(World& world, NodeIndex member_count, Hooks hooks)
    : world_(world), member_count_(member_count), hooks_(std::move(hooks)) {}

void FaultInjector::schedule(const std::vector<Fault>& faults) {
    for (Fault fault : faults) {
        if (fault.kind == FaultKind::Rogue || fault.kind == FaultKind::Twin) {
            add_stranger(fault);
        }
        world_.call_at(fault.at, [this, fault] {
            ++change_count_;
            begin(fault);
        });
        world_.call_at(fault.at + fault.duration, [this, fault] {
            ++change_count_;
            end(fault);
        });
    }
}

/// A node beside the mesh, wired to two of its nodes; the fault's subject is it from now on.
void FaultInjector::add_stranger(Fault& fault) {
    HostOptions options;
    if (fault.kind == FaultKind::Rogue) {
        options.factory = hooks_.rogue;
    } else {
        options.forced_id = world_.host(fault.subject).id();
    }
    const NodeIndex stranger = world_.add_node(options);
    const NodeIndex near = static_cast<NodeIndex>(fault.draw % member_count_);
    world_.add_wire(near, stranger, {});
    if (member_count_ > 1) {
        world_.add_wire((near + 1) % member_count_, stranger, {});
    }
    fault.subject = stranger;
}

void FaultInjector::begin(const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::Crash:
        case FaultKind::MassRestart:
            return begin_node(fault, Death::Process);
        case FaultKind::Power:
            return begin_node(fault, Death::Power);
        case FaultKind::Wipe:
            hooks_.on_destroy(fault.subject);
            world_.kill(fault.subject, Death::Power);
            return world_.wipe(fault.subject);
        case FaultKind::Freeze:
            // Not at a round time, at which a frame may arrive.
            return world_.freeze(fault.subject,
                                 fault.at + fault.duration + Duration(fault.draw % 999));
        case FaultKind::Cut:
        case FaultKind::OneWay:
            return set_cut(fault, true);
        case FaultKind::Partition:
            return set_partition(fault, true);
        case FaultKind::Loss:
            return world_.network().set_loss(fault.subject, LossOptions::bursts(0.3, 8));
        case FaultKind::SlowDisk:
            return world_.host(fault.subject).disk().set_health(Disk::Health::Slow);
        case FaultKind::FullDisk:
            return world_.host(fault.subject).disk().set_health(Disk::Health::Full);
        case FaultKind::Clock: {
            constexpr std::int64_t kDayMs = 86'400'000;
            const auto jump = static_cast<std::int64_t>(fault.draw % (2 * kDayMs)) - kDayMs;
            return world_.host(fault.subject).jump_wall(std::chrono::milliseconds(jump));
        }
        case FaultKind::Rogue:
        case FaultKind::Twin:
            return start(fault.subject);
    }
}

void FaultInjector::end(const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::Crash:
        case FaultKind::Power:
        case FaultKind::Wipe:
        case FaultKind::MassRestart:
            for (const NodeIndex node : victims(fault)) {
                start(node);
            }
            return;
        case FaultKind::Cut:
        case FaultKind::OneWay:
            return set_cut(fault, false);
        case FaultKind::Partition:
            return set_partition(fault, false);
        case FaultKind::Loss:
            return world_.network().set_loss(fault.subject,
                                             world_.network().wire(fault.subject).options.loss);
        case FaultKind::SlowDisk:
        case FaultKind::FullDisk:
            return world_.host(fault.subject).disk().set_health(Disk::Health::Good);
        case FaultKind::Rogue:
        case FaultKind::Twin:
            return world_.kill(fault.subject, Death::Power);
        case FaultKind::Freeze:
        case FaultKind::Clock:
            return;
    }
}

void FaultInjector::begin_node(const Fault& fault, Death death) {
    for (const NodeIndex node : victims(fault)) {
        world_.kill(node, death);
    }
}

std::vector<NodeIndex> FaultInjector::victims(const Fault& fault) const {
    if (fault.kind != FaultKind::MassRestart) {
        return {fault.subject};
    }
    std::vector<NodeIndex> nodes;
    Random random(fault.draw);
    for (NodeIndex node = 0; node < member_count_; ++node) {
        if (random.chance(1.0 / 3)) {
            nodes.push_back(node);
        }
    }
    return nodes;
}

void FaultInjector::start(NodeIndex node) {
    if (!world_.host(node).is_running()) {
        world_.start(node, 100ms);
    }
}

void FaultInjector::set_cut(const Fault& fault, bool is_cut) {
    Network& network = world_.network();
    const auto [a, b] = network.wire(fault.subject).nodes;
    const bool is_one_way = fault.kind == FaultKind::OneWay;
    const auto set = [&](NodeIndex from) {
        is_cut ? network.cut(fault.subject, from) : network.uncut(fault.subject, from);
    };
    if (!is_one_way || fault.draw % 2 == 0) {
        set(a);
    }
    if (!is_one_way || fault.draw % 2 == 1) {
        set(b);
    }
}

void FaultInjector::set_partition(const Fault& fault, bool is_cut) {
    Network& network = world_.network();
    const std::vector<bool> is_inside = half(fault);
    for (WireIndex wire = 0; wire < network.wire_count(); ++wire) {
        const auto [a, b] = network.wire(wire).nodes;
        if (a >= member_count_ || b >= member_count_ || is_inside[a] == is_inside[b]) {
            continue;
        }
        for (const NodeIndex from : {a, b}) {
            is_cut ? network.cut(wire, from) : network.uncut(wire, from);
        }
    }
}

/// The nodes nearest to the subject, half of all or fewer.
std::vector<bool> FaultInjector::half(const Fault& fault) const {
    std::vector<bool> is_inside(member_count_);
    std::deque<NodeIndex> next{fault.subject};
    NodeIndex left = 1 + static_cast<NodeIndex>(fault.draw % std::max(member_count_ / 2, 1U));
    const Network& network = world_.network();
    while (!next.empty() && left > 0) {
        const NodeIndex node = next.front();
        next.pop_front();
        if (is_inside[node]) {
            continue;
        }
        is_inside[node] = true;
        --left;
        for (WireIndex wire = 0; wire < network.wire_count(); ++wire) {
            const auto [a, b] = network.wire(wire).nodes;
            if ((a == node || b == node) && std::max(a, b) < member_count_) {
                next.push_back(a == node ? b : a);
            }
        }
    }
    return is_inside;
}

}  // namespace kith::sim

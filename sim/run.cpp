#include "sim/run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>

#include "sim/convergence.h"
#include "sim/frame_oracles.h"
#include "sim/mesh_participant.h"
#include "sim/rogue.h"
#include "sim/seeds.h"
#include "wire/mesh/codec.h"

namespace kith::sim {
namespace {

constexpr Duration kStartWithin = 500ms;
constexpr Duration kSubscribeAt = 3s;
constexpr Duration kPublishAt = 8s;
/// All is well for so long: longer than a wire waits between two tries, and what was active is
/// idle.
constexpr Duration kSettled = 8s;
/// Of so many nodes, what takes a look at all of them is done less often.
constexpr NodeIndex kManyNodes = 200;
/// No record for so long: the mesh is silent; which it has to become in so long.
constexpr Duration kSilence = 20s;
constexpr Duration kSilenceMax = 120s;
/// Bytes a second in one direction of an idle link of streams: the target of the design.
constexpr double kIdleBytesMax = 300;

/// Little, so that what waits for a node is fetched from the disk in most runs.
constexpr std::size_t kSpoolMemoryBytes = 4096;

template <typename T>
double quantile(std::vector<T> values, double share) {
    if (values.empty()) {
        return 0;
    }
    const auto at = values.begin() +
                    static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::ranges::nth_element(values, at);
    return static_cast<double>(*at);
}

class Run final : public WorldObserver {
  public:
    explicit Run(const RunOptions& options)
        : options_(options),
          member_count_(options.topology.node_count),
          ledger_(outcome_.verdicts, member_count_),
          visits_(outcome_.verdicts),
          interest_(outcome_.verdicts),
          world_(world_options(options), *this),
          injector_(world_, member_count_,
                    {.on_destroy = [this](NodeIndex node) { on_destroy(node); },
                     .rogue = [](const Birth& birth) { return std::make_unique<Rogue>(birth); }}),
          reachable_(member_count_) {
        build();
    }

    RunOutcome go() {
        advance_to(Instant() + kSubscribeAt);
        workload_->begin_subscribing();
        advance_to(Instant() + kPublishAt);
        judge_convergence("before anything went wrong");
        workload_->begin_publishing(end_of_course());
        compare_digests();
        advance_to(end_of_course());
        drain();
        measure_idle();
        ledger_.finish(world_.now());
        fill_outcome();
        return std::move(outcome_);
    }

    // WorldObserver
    void on_start(NodeIndex node) override {
        if (node < member_count_) {
            ledger_.on_start(node);
            if (workload_) {
                workload_->on_start(node);
            }
        }
    }
    void on_deliver(NodeIndex node, const Delivery& delivery) override {
        if (node < member_count_) {
            ledger_.on_delivered(node, world_.host(node).id(), delivery, world_.now());
        }
    }
    void on_published(NodeIndex node, std::uint64_t token, mesh::PublishLevel) override {
        if (node < member_count_) {
            workload_->on_published(token);
        }
    }
    void on_barrier(NodeIndex node, std::uint64_t token, bool is_complete) override {
        if (node < member_count_) {
            workload_->on_barrier(node, token, is_complete);
        }
    }
    void on_frame(NodeIndex to, NodeIndex from, Bytes frame) override;
    void on_neighbor(NodeIndex, mesh::NodeId, mesh::NeighborChange change) override {
        visits_.on_change(world_.now());
        outcome_.false_downs +=
            options_.faults.empty() && change == mesh::NeighborChange::Down ? 1U : 0U;
    }
    void on_drop(NodeIndex node, mesh::DropReason reason, const mesh::Data*) override {
        if (reason == mesh::DropReason::HopLimit) {
            visits_.on_hop_limit(node, world_.now());
        }
    }
    void on_routes(NodeIndex node, std::size_t reachable) override;
    void on_malformed(NodeIndex node, NodeIndex from) override {
        if (from < member_count_) {
            outcome_.verdicts.broken(
                Oracle::Health, world_.now(),
                fmt::format("node {} closed its link to {}, which sent nonsense", node, from));
        }
    }
    void on_stuck(NodeIndex node) override {
        outcome_.verdicts.broken(Oracle::Health, world_.now(),
                                 fmt::format("the deadline of node {} does not advance", node));
    }

  private:
    static WorldOptions world_options(const RunOptions& options) {
        WorldOptions world{.seed = options.seed, .node = {}, .factory = options.factory};
        world.node.timing = options.timing;
        world.node.mutants = options.mutants;
        world.node.spool_memory_bytes_max = kSpoolMemoryBytes;
        if (!world.factory) {
            world.factory = make_mesh_participant;
        }
        return world;
    }
    [[nodiscard]] Instant end_of_course() const {
        return Instant() + kPublishAt + options_.duration;
    }

    void build();
    void plan();
    void advance_to(Instant until);
    void compare_digests();
    void judge_convergence(std::string_view when);
    void drain();
    void wait_for_silence();
    void measure_idle();
    void measure_links();
    void judge_idle();
    void judge_memory();
    void on_destroy(NodeIndex node);
    void fill_outcome();
    [[nodiscard]] bool is_settled() const;
    [[nodiscard]] bool is_genuine(const mesh::Record& record) const;
    [[nodiscard]] std::uint64_t open_count(NodeIndex node) const;
    [[nodiscard]] bool has_receiver(const mesh::Data& data,
                                    const mesh::Destination& destination) const;
    [[nodiscard]] bool all_had_right_time() const {
        return std::ranges::all_of(
            std::views::iota(NodeIndex{0}, member_count_),
            [this](auto node) { return world_.host(node).had_right_time(); });
    }

    RunOptions options_;
    NodeIndex member_count_;
    RunOutcome outcome_;
    Ledger ledger_;
    VisitOracle visits_;
    InterestOracle interest_;
    World world_;
    FaultInjector injector_;
    std::unique_ptr<Workload> workload_;
    std::vector<std::size_t> reachable_;              // as each node found last
    NodeIndex full_count_ = 0;                        // of them that reach all
    std::array<std::uint64_t, 32> frames_by_type_{};  // since the idle time began; without hellos
};

void Run::build() {
    Random clocks = stream(options_.seed, Purpose::Clock);
    for (NodeIndex node = 0; node < member_count_; ++node) {
        const auto skew_ms = static_cast<std::int64_t>(clocks.below(4000)) - 2000;
        world_.add_node({.clock = {.offset = clocks.between(0s, 24h),
                                   .drift_ppm = static_cast<std::int64_t>(clocks.below(201)) - 100,
                                   .skew = std::chrono::milliseconds(skew_ms)}});
    }
    for (const auto& [a, b] :
         plan_wires(options_.topology, stream(options_.seed, Purpose::Topology))) {
        world_.add_wire(a, b, options_.wire);
    }
    options_.workload.is_reliable = options_.faults.empty() && options_.wire.loss.is_none();
    workload_ = std::make_unique<Workload>(world_, ledger_, options_.workload,
                                           stream(options_.seed, Purpose::Workload));
    plan();
    Random starts = stream(options_.seed, Purpose::Faults, 1);
    for (NodeIndex node = 0; node < member_count_; ++node) {
        world_.call_at(Instant() + starts.between(0s, kStartWithin),
                       [this, node] { world_.start(node, 50ms); });
    }
}

void Run::plan() {
    const FaultPlan plan{.kinds = options_.faults,
                         .from = Instant() + kPublishAt + 1s,
                         .until = end_of_course(),
                         .node_count = member_count_,
                         .wire_count = static_cast<std::uint32_t>(world_.network().wire_count()),
                         .interval = options_.fault_interval};
    outcome_.faults = plan_faults(plan, stream(options_.seed, Purpose::Faults));
    std::vector<Fault> chosen;
    if (options_.omits_all_faults) {
        return;
    }
    for (const std::size_t index : options_.only_faults) {
        if (index < outcome_.faults.size()) {
            chosen.push_back(outcome_.faults[index]);
        }
    }
    injector_.schedule(options_.only_faults.empty() ? outcome_.faults : chosen);
}

void Run::advance_to(Instant until) {
    while (world_.now() < until) {
        world_.run_until(std::min(until, world_.now() + 1s));
        if (options_.on_progress) {
            options_.on_progress(world_.now() - Instant());
        }
    }
}

void Run::on_frame(NodeIndex to, NodeIndex, Bytes frame) {
    const auto slice = mesh::next_frame(frame);
    if (slice && *slice) {
        ++frames_by_type_[static_cast<std::size_t>((*slice)->type)];
    }
    if (to >= member_count_ || !slice || !*slice) {
        return;
    }
    if ((*slice)->type == mesh::FrameType::Data) {
        if (const auto data = mesh::decode_data(**slice)) {
            visits_.on_data(to, *data, world_.now());
        }
    } else if ((*slice)->type == mesh::FrameType::Record) {
        const auto decoded = mesh::decode(**slice);
        const auto* record = decoded ? std::get_if<mesh::Record>(&*decoded) : nullptr;
        if (record != nullptr && record->key.kind == mesh::RecordKind::Interest &&
            is_genuine(*record)) {
            interest_.on_record(*record);
        }
    }
}

/// As its origin has signed it: a rogue damages what it heard, and its twin has another key.
bool Run::is_genuine(const mesh::Record& record) const {
    const NodeIndex origin = world_.index_of(record.key.origin);
    if (origin >= member_count_) {
        return false;
    }
    std::vector<std::uint8_t> message(mesh::signed_bytes(record));
    mesh::encode_signed(record, message);
    return world_.host(origin).trust().has_signed(message, record.signature);
}

void Run::on_routes(NodeIndex node, std::size_t reachable) {
    if (node >= member_count_ || outcome_.cold_start_ms > 0) {
        return;
    }
    const std::size_t others = member_count_ - 1U;
    full_count_ += (reachable >= others ? 1U : 0U) - (reachable_[node] >= others ? 1U : 0U);
    reachable_[node] = reachable;
    if (full_count_ == member_count_) {
        outcome_.cold_start_ms = static_cast<double>(world_.now().ns()) / 1e6;
    }
}

/// Each second: who knows of whom by now.
void Run::compare_digests() {
    workload_->compare_digests();
    if (world_.now() < end_of_course()) {
        const Duration pause = member_count_ > kManyNodes ? 10s : 1s;
        world_.call_at(world_.now() + pause, [this] { compare_digests(); });
    }
}

void Run::judge_convergence(std::string_view when) {
    for (const std::string& fault : convergence_faults(world_, member_count_)) {
        outcome_.verdicts.broken(Oracle::Convergence, world_.now(),
                                 fmt::format("{}: {}", when, fault));
    }
}

/// Somebody is there who could get it: the node, or another member of one of its share groups at
/// another node. One of QoS 2 may wait for a member that is gone.
bool Run::has_receiver(const mesh::Data& data, const mesh::Destination& destination) const {
    const NodeIndex node = world_.index_of(destination.node);
    const auto& subscriptions = ledger_.subscriptions();
    return (node < member_count_ && world_.host(node).id() == destination.node) ||
           (data.qos < 2 && std::ranges::any_of(subscriptions, [&](const Subscription& member) {
                const std::uint64_t group = mesh::share_group_id(0, member.group, member.filter);
                const auto& groups = destination.groups;
                return !member.is_ended && !member.group.empty() &&
                       world_.host(member.node).id() != data.id.origin &&
                       std::ranges::find(groups, group) != groups.end();
            }));
}

/// Of what a disk holds: that for which somebody is there. What waits for a node whose disk was
/// destroyed is kept for as long as the node is expected.
std::uint64_t Run::open_count(NodeIndex node) const {
    const Host& host = world_.host(node);
    std::uint64_t open = host.disk().pending_count();
    for (const auto& [ticket, message] : host.disk().held()) {
        const mesh::Data& data = message->data();
        open += std::ranges::any_of(data.destinations,
                                    [&](const mesh::Destination& destination) {
                                        return has_receiver(data, destination);
                                    })
                    ? 1U
                    : 0U;
    }
    // Beyond what is on its disk, a node at rest holds nothing in memory.
    const std::uint64_t held = host.is_running() ? host.participant().counters().custody_held : 0;
    return open + held - std::min<std::uint64_t>(held, host.disk().held().size());
}

bool Run::is_settled() const {
    for (NodeIndex node = 0; node < member_count_; ++node) {
        if (open_count(node) > 0) {
            return false;
        }
    }
    return ledger_.missing_count() == 0 && convergence_faults(world_, member_count_).empty();
}

void Run::drain() {
    const Instant begun = world_.now();
    Instant settled_at = begun;
    // A wire that was cut is dialled with pauses, so that a mesh may settle and change once more.
    const Duration step = member_count_ > kManyNodes ? kSettled / 2 : Duration(1s);
    while (world_.now() - begun < kDrainMax && world_.now() - settled_at < kSettled) {
        advance_to(world_.now() + step);
        settled_at = is_settled() ? settled_at : world_.now();
    }
    outcome_.recovery_s = static_cast<double>((settled_at - begun).count()) / 1e9;
    judge_convergence("at the end");
    interest_.judge(ledger_.subscriptions(), world_.now());
    judge_memory();
}

void Run::judge_memory() {
    for (NodeIndex node = 0; node < member_count_; ++node) {
        const std::uint64_t open = open_count(node);
        if (open > 0) {
            outcome_.verdicts.broken(Oracle::Memory, world_.now(),
                                     fmt::format("node {} still holds {} messages", node, open));
        }
    }
}

/// Costs follow a link that lost frames for as long as its average does: until nobody tells of one,
/// the mesh is not idle.
void Run::wait_for_silence() {
    const Instant limit = world_.now() + kSilenceMax;
    do {
        frames_by_type_.fill(0);
        advance_to(world_.now() + kSilence);
    } while (world_.now() < limit &&
             frames_by_type_[static_cast<std::size_t>(mesh::FrameType::Record)] > 0);
}

/// What waited for a member of a share group may go to another one minutes later: a link that
/// carries a message is not idle, and is measured again.
void Run::measure_idle() {
    constexpr int kMeasurementsMax = 8;
    wait_for_silence();
    for (int i = 0; i < kMeasurementsMax; ++i) {
        measure_links();
        if (frames_by_type_[static_cast<std::size_t>(mesh::FrameType::Data)] == 0) {
            break;
        }
    }
    judge_idle();
}

void Run::measure_links() {
    const auto bytes_of = [this](WireIndex wire, std::size_t direction) {
        return world_.network().wire(wire).directions[direction].counters.bytes;
    };
    frames_by_type_.fill(0);
    std::vector<std::uint64_t> before;
    for (WireIndex wire = 0; wire < world_.network().wire_count(); ++wire) {
        before.push_back(bytes_of(wire, 0));
        before.push_back(bytes_of(wire, 1));
    }
    advance_to(world_.now() + kIdle);
    double sum = 0;
    std::size_t count = 0;
    outcome_.idle_bytes_per_s = 0;
    const double seconds = static_cast<double>(kIdle.count()) / 1e9;
    for (WireIndex wire = 0; wire < world_.network().wire_count(); ++wire) {
        if (!world_.network().is_up(wire)) {
            continue;
        }
        for (std::size_t direction = 0; direction < 2; ++direction) {
            const double rate =
                static_cast<double>(bytes_of(wire, direction) - before[wire * 2 + direction]) /
                seconds;
            outcome_.idle_bytes_per_s = std::max(outcome_.idle_bytes_per_s, rate);
            sum += rate;
            ++count;
        }
    }
    outcome_.idle_bytes_per_s_mean = count == 0 ? 0 : sum / static_cast<double>(count);
}

void Run::judge_idle() {
    // Neighbours that refuse each other's stamps compare what they retain again and again.
    const bool has_target = options_.wire.model == WireModel::Stream && all_had_right_time() &&
                            options_.timing.hello_idle == mesh::Timing::normal().hello_idle;
    if (has_target && outcome_.idle_bytes_per_s > kIdleBytesMax) {
        outcome_.verdicts.broken(
            Oracle::IdleCost, world_.now(),
            fmt::format("an idle link carries {:.0f} bytes/s in one direction; "
                        "frames on all links by type, but hellos: {}",
                        outcome_.idle_bytes_per_s, fmt::join(frames_by_type_, " ")));
    }
}

/// What only this disk holds is lost with it, and nobody's fault.
void Run::on_destroy(NodeIndex node) {
    std::vector<std::uint64_t> lost;
    for (const auto& [ticket, message] : world_.host(node).disk().held()) {
        if (message->data().tenant == kRetainedTenant) {
            continue;  // not in the books; judged by what all nodes retain
        }
        const mesh::DataId id = message->data().id;
        bool has_replica = false;
        for (NodeIndex other = 0; other < member_count_; ++other) {
            const Disk::Held& held = world_.host(other).disk().held();
            has_replica |= other != node && std::ranges::any_of(held, [&](const auto& entry) {
                               return entry.second->data().id == id;
                           });
        }
        if (!has_replica) {
            lost.push_back(number_of(message->data().payload));
        }
    }
    ledger_.on_destroyed(node, world_.host(node).id(), lost, world_.now());
}

void Run::fill_outcome() {
    outcome_.trace_hash = world_.trace_hash();
    outcome_.event_count = world_.event_count();
    outcome_.simulated = world_.now() - Instant();
    outcome_.published = ledger_.message_count();
    outcome_.claimed = ledger_.claim_count();
    outcome_.delivered = ledger_.delivery_count();
    outcome_.duplicates = ledger_.duplicate_count();
    outcome_.latency_p50_ms = quantile(ledger_.latencies_ms(), 0.5);
    outcome_.latency_p99_ms = quantile(ledger_.latencies_ms(), 0.99);
    outcome_.barriers_complete = workload_->barriers().complete;
    outcome_.barriers_partial = workload_->barriers().partial;
    outcome_.barrier_p99_ms = quantile(workload_->barriers().durations_ms, 0.99);
}

}  // namespace

RunOutcome run_seed(const RunOptions& options) {
    return Run(options).go();
}

}  // namespace kith::sim

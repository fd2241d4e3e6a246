#include "bench/run.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <future>

#include "bench/relay.h"
#include "bench/scenarios.h"
#include "runtime/shard_group.h"

namespace kith::bench {
namespace {

/// Descriptors that are not connections: the loop, files, the terminal.
constexpr std::size_t kOtherDescriptors = 32;

/// Raises the soft limit as far as it goes; a text if that is not enough.
std::optional<std::string> provide_descriptors(std::size_t connections) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    const rlim_t wanted = connections + kOtherDescriptors;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = std::min(wanted, limit.rlim_max);
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= wanted) {
        return std::nullopt;
    }
    return fmt::format(
        "{} connections need {} descriptors, but the limit is {}; raise it (ulimit -n) or ask for "
        "fewer with --connections",
        connections, wanted, limit.rlim_max);
}

Instant steady_now() {
    return Instant::from_ns(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                std::chrono::steady_clock::now().time_since_epoch())
                                .count());
}

/// The shards of a run: the generator's, and one for the relay if it is its own target.
class Stage {
  public:
    [[nodiscard]] static tl::expected<std::unique_ptr<Stage>, std::string> create(bool with_relay) {
        std::unique_ptr<Stage> stage(new Stage);
        auto shards = runtime::make_epoll_shards(
            {.shard_count = static_cast<std::uint16_t>(with_relay ? 2 : 1)}, stage->log_);
        if (!shards) {
            return tl::unexpected(std::string("cannot start: ") + shards.error().text);
        }
        stage->shards_ = std::move(*shards);
        stage->shards_->start();
        return stage;
    }
    ~Stage() {
        shards_->stop();
        scenario_.reset();
        relay_.reset();
    }

    /// Opens the relay; returns its address.
    [[nodiscard]] Result<runtime::SocketAddress> open_relay() {
        std::promise<Result<runtime::SocketAddress>> address;
        on_shard(1, [&](runtime::Shard& shard) {
            auto relay = Relay::open(shard, {.address = runtime::SocketAddress::loopback(0)});
            if (!relay) {
                address.set_value(tl::unexpected(relay.error()));
                return;
            }
            relay_ = std::move(*relay);
            address.set_value(relay_->local());
        });
        return address.get_future().get();
    }

    [[nodiscard]] Outcome perform(const ScenarioKind& kind, const RunOptions& options,
                                  ProcessProbe* broker) {
        std::promise<Outcome> outcome;
        on_shard(0, [&](runtime::Shard& shard) {
            scenario_ = kind.make({.shard = shard,
                                   .options = options.scenario,
                                   .broker = broker,
                                   .generator = generator_.get(),
                                   .clock = steady_now,
                                   .tell = options.tell},
                                  kind);
            scenario_->start([&](Outcome result) { outcome.set_value(std::move(result)); });
        });
        return outcome.get_future().get();
    }

  private:
    Stage() = default;
    template <typename Action>
    void on_shard(std::uint16_t shard, Action action) {
        shards_->shard(ShardId(shard)).post_completion(runtime::make_mail(std::move(action)));
    }

    Log log_;
    std::unique_ptr<runtime::ShardGroup> shards_;
    std::unique_ptr<ProcessProbe> generator_ = make_thread_probe();
    std::unique_ptr<Relay> relay_;
    std::unique_ptr<Scenario> scenario_;
};

/// The broker's process if it was named. Errors: a text.
tl::expected<std::unique_ptr<ProcessProbe>, std::string> probe_of(const RunOptions& options) {
    if (!options.broker_pid) {
        return nullptr;
    }
    auto probe = make_process_probe(*options.broker_pid);
    if (!probe) {
        return tl::unexpected(fmt::format("no process {}", *options.broker_pid));
    }
    return std::move(*probe);
}

}  // namespace

Outcome run(RunOptions options) {
    const ScenarioKind* kind = find_scenario(options.scenario.scenario);
    if (kind == nullptr) {
        return tl::unexpected(
            fmt::format("no scenario '{}'; --list names them", options.scenario.scenario));
    }
    const bool is_own_target = options.scenario.target_text == kOwnTarget;
    if (is_own_target && !kind->works_with_relay) {
        return tl::unexpected(std::string("the relay only knows one topic and QoS 0"));
    }
    if (options.scenario.durable && !kind->takes_durable) {
        return tl::unexpected(std::string("durable sessions are for qos1, qos1-pairs and qos2"));
    }
    if (options.scenario.placement != Placement::Mixed && !kind->takes_placement) {
        return tl::unexpected(std::string("a placement is for scenarios with pairs"));
    }
    if (options.scenario.placement == Placement::CrossShard && options.scenario.workers < 2) {
        return tl::unexpected(std::string("one worker has no other"));
    }
    const std::size_t sides = is_own_target ? 2 : 1;
    if (auto problem = provide_descriptors(sides * connection_count(*kind, options.scenario))) {
        return tl::unexpected(std::move(*problem));
    }
    auto broker = probe_of(options);
    auto stage = Stage::create(is_own_target);
    if (!broker || !stage) {
        return tl::unexpected(broker ? stage.error() : broker.error());
    }
    if (is_own_target) {
        const auto address = (*stage)->open_relay();
        if (!address) {
            return tl::unexpected(std::string(address.error().text));
        }
        options.scenario.target = *address;
    }
    return (*stage)->perform(*kind, options, broker->get());
}

}  // namespace kith::bench

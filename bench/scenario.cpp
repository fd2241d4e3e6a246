#include "bench/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace kith::bench {
namespace {

constexpr Duration kBeat = 100ms;
constexpr Duration kTellInterval = 1s;

/// When nothing came for this long, what is missing does not come any more.
constexpr Duration kDrainPatience = 1s;

/// A broker that says nothing for this long while connections, subscriptions or retained messages
/// are made has stopped. Long: some do nothing else while they walk through a large tree.
constexpr Duration kSetUpPatience = 30s;

double seconds_of(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

}  // namespace

BaseScenario::BaseScenario(Environment environment)
    : environment_(std::move(environment)),
      run_id_(fmt::format("bench-{:08x}",
                          static_cast<std::uint32_t>(environment_.shard.random().next()))),
      phase_timer_([this](Instant) { on_phase_over(); }),
      beat_timer_([this](Instant) { beat(); }) {}

void BaseScenario::start(Finished finished) {
    finished_ = std::move(finished);
    report_.scenario = options().scenario;
    report_.target = options().target_text;
    set_up();
    CHECK(!connections_.empty());
    last_progress_ = clock();
    last_told_ = last_progress_;
    shard().arm_after(beat_timer_, kBeat);
    open_more();
}

Connection& BaseScenario::add_connection(const std::string& name) {
    return add_client(run_id_ + "-" + name);
}

Connection& BaseScenario::add_connection(const std::string& name, Side side, std::size_t pair) {
    const std::string id = run_id_ + "-" + name;
    const auto worker = worker_for(options().placement, side, pair, options().workers);
    return add_client(worker ? client_id_on(*worker, options().workers, id) : id);
}

Connection& BaseScenario::add_client(std::string client_id) {
    ConnectionEvents& events = *this;
    connections_.push_back(
        std::make_unique<Connection>(shard(), environment_.options, std::move(client_id), events));
    connections_.back()->index = connections_.size() - 1;
    return *connections_.back();
}

void BaseScenario::open_more() {
    while (opened_count_ < connections_.size() && phase_ != Phase::Over &&
           opened_count_ - ready_count_ < options().connects_under_way) {
        connections_[opened_count_++]->open();
    }
}

void BaseScenario::on_ready(Connection&) {
    ++ready_count_;
    last_progress_ = clock();
    if (ready_count_ < connections_.size()) {
        open_more();
        return;
    }
    subscribe_all();
    if (subscribes_waiting_ == 0 && phase_ == Phase::SettingUp) {
        on_set_up();
    }
}

void BaseScenario::subscribe(Connection& connection, const std::vector<std::string>& filters,
                             Qos qos) {
    ++subscribes_waiting_;
    connection.subscribe(filters, qos);
}

void BaseScenario::on_subscribed(Connection&, bool granted) {
    last_progress_ = clock();
    if (!granted) {
        fail("the broker refused a subscription");
    } else if (--subscribes_waiting_ == 0 && phase_ == Phase::SettingUp) {
        on_set_up();
    }
}

void BaseScenario::on_messages(Connection&, std::size_t count) {
    received_count_ += count;
}

void BaseScenario::on_acknowledged(Connection&, std::size_t) {
    last_progress_ = clock();
}

void BaseScenario::on_failed(Connection&, const std::string& reason) {
    fail(fmt::format("{} of {} connections were made, then: {}", ready_count_, connections_.size(),
                     reason));
}

void BaseScenario::measure() {
    phase_ = Phase::WarmingUp;
    last_progress_ = clock();
    last_told_ = last_progress_;
    shard().arm_after(phase_timer_, options().warm_up);
    start_sending();
}

void BaseScenario::on_phase_over() {
    if (phase_ == Phase::WarmingUp) {
        phase_ = Phase::Measuring;
        shard().arm_after(phase_timer_, options().measured);
        begin_interval();
        on_measuring();
    } else {
        phase_ = Phase::Draining;
        end_interval(clock());
        last_progress_ = clock();
        stop_sending();
    }
}

void BaseScenario::begin_interval() {
    broker_at_begin_ = read(environment_.broker);
    generator_at_begin_ = read(environment_.generator);
    received_at_begin_ = received_count_;
    interval_begin_ = clock();
}

void BaseScenario::end_interval(Instant at) {
    report_.seconds = std::max(seconds_of(at - interval_begin_), 1e-9);
    report_.messages = received_count_ - received_at_begin_;
    const auto messages = static_cast<double>(report_.messages);
    report_.rate_per_s = messages / report_.seconds;
    if (environment_.broker != nullptr) {
        const ProcessUse use = read(environment_.broker);
        report_.rss_bytes = use.rss_bytes;
        if (report_.messages != 0) {
            report_.cpu_us_per_message =
                seconds_of(use.cpu - broker_at_begin_.cpu) * 1e6 / messages;
        }
    }
    if (environment_.generator != nullptr) {
        report_.generator_cpu_share =
            seconds_of(read(environment_.generator).cpu - generator_at_begin_.cpu) /
            report_.seconds;
    }
}

void BaseScenario::beat() {
    const Instant now = clock();
    if (received_count_ != received_at_beat_) {
        last_progress_ = now;
        received_at_beat_ = received_count_;
    }
    const Duration silence = now - last_progress_;
    if (phase_ == Phase::SettingUp && silence >= kSetUpPatience) {
        fail(fmt::format("{} of {} connections were made, then the broker said nothing",
                         ready_count_, connections_.size()));
        return;
    }
    if (phase_ == Phase::Draining &&
        (received_count_ >= expected_count() || silence >= kDrainPatience)) {
        finish();
        return;
    }
    shard().arm_after(beat_timer_, kBeat);
    if (now - last_told_ >= kTellInterval) {
        tell(options().scenario + ": " + progress(now));
        last_told_ = now;
        received_when_told_ = received_count_;
    }
    on_beat();
}

std::string BaseScenario::progress(Instant now) const {
    if (phase_ == Phase::SettingUp) {
        return fmt::format("setting up, {} of {} connections", ready_count_, connections_.size());
    }
    const double rate =
        static_cast<double>(received_count_ - received_when_told_) / seconds_of(now - last_told_);
    return fmt::format("{:.0f} messages/s{}", rate,
                       phase_ == Phase::WarmingUp ? ", warming up" : "");
}

void BaseScenario::finish() {
    if (const std::uint64_t expected = expected_count(); expected != 0) {
        const std::uint64_t missing = expected - std::min(expected, received_count_);
        report_.undelivered = static_cast<double>(missing) / static_cast<double>(expected);
    }
    describe(report_);
    for (const auto& connection : connections_) {
        connection->close();
    }
    end(report_);
}

void BaseScenario::fail(std::string reason) {
    if (phase_ != Phase::Over) {
        end(tl::unexpected(std::move(reason)));
    }
}

/// In the next turn, so that who is told may destroy this.
void BaseScenario::end(Outcome outcome) {
    phase_ = Phase::Over;
    phase_timer_.cancel();
    beat_timer_.cancel();
    shard().post(shard().id(), [finished = std::move(finished_), outcome = std::move(outcome)](
                                   runtime::Shard&) mutable { finished(std::move(outcome)); });
}

Moment BaseScenario::moment() {
    Moment moment{.at = clock(), .broker = std::nullopt};
    if (environment_.broker != nullptr) {
        moment.broker = read(environment_.broker);
    }
    return moment;
}

ProcessUse BaseScenario::read(ProcessProbe* probe) {
    if (probe == nullptr) {
        return {};
    }
    return probe->read().value_or(ProcessUse{});
}

}  // namespace kith::bench

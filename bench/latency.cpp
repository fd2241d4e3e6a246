#include "bench/latency.h"

#include <algorithm>

#include "runtime/limits.h"

namespace kith::bench {
namespace {

/// The loop turns without sleeping when the next message is due within this: a timer may be a tick
/// late, and waking takes its time, too.
constexpr Duration kSpinBefore = 2 * runtime::kTimerTick;

/// Publishes of QoS 1 and 2 under way at most: packet ids are 16 bits.
constexpr std::size_t kUnderWayMax = 60'000;

Environment with_room_for_stamp(Environment environment) {
    environment.options.payload_bytes = std::max(environment.options.payload_bytes, kStampBytes);
    return environment;
}

double to_us(Duration duration) {
    return std::chrono::duration<double, std::micro>(duration).count();
}

}  // namespace

Latency::Latency(Environment environment)
    : BaseScenario(with_room_for_stamp(std::move(environment))),
      timer_([this](Instant) { shard().defer(*this); }) {}

void Latency::set_up() {
    flows_.reserve(2);
    add_flow("probe", options().rate_per_s, options().qos);
    if (options().background_rate_per_s > 0) {
        add_flow("background", options().background_rate_per_s, Qos::AtMostOnce);
    }
    flows_.front().subscriber->want_payloads();
}

void Latency::add_flow(const std::string& name, double rate_per_s, Qos qos) {
    std::string topic = run_id() + "/" + name;
    PublishTemplate packet(topic, qos, options().payload_bytes, options().version);
    flows_.push_back(
        {.topic = std::move(topic),
         .packet = std::move(packet),
         .rate_per_s = rate_per_s,
         .qos = qos,
         .publisher = &add_connection("pub-" + name, Side::Publisher, flows_.size()),
         .subscriber = &add_connection("sub-" + name, Side::Subscriber, flows_.size())});
}

void Latency::subscribe_all() {
    for (const Flow& flow : flows_) {
        subscribe(*flow.subscriber, {flow.topic}, flow.qos);
    }
}

void Latency::start_sending() {
    is_sending_ = true;
    started_ = clock();
    shard().defer(*this);
}

/// Sends what is due, then comes back: at once while the next message is near, else by timer.
void Latency::run_task() {
    if (!is_sending_) {
        return;
    }
    const Instant now = clock();
    Instant next = Instant::never();
    for (Flow& flow : flows_) {
        send_due(flow, now);
        next = std::min(next, intended(flow, flow.sent_count));
    }
    if (next - now <= kSpinBefore) {
        shard().defer(*this);
    } else {
        shard().arm(timer_, next - kSpinBefore);
    }
}

void Latency::send_due(Flow& flow, Instant now) {
    bool has_sent = false;
    for (Instant due = intended(flow, flow.sent_count); due <= now && may_send(flow);
         due = intended(flow, flow.sent_count)) {
        const PacketId packet_id =
            flow.qos == Qos::AtMostOnce ? PacketId() : flow.publisher->next_packet_id();
        flow.packet.append_stamped(flow.publisher->output(), packet_id, due);
        if (is_probe(flow) && is_measuring()) {
            send_lags_.add(now - due);
        }
        ++flow.sent_count;
        ++sent_count_;
        flow.under_way += flow.qos == Qos::AtMostOnce ? 0 : 1;
        has_sent = true;
    }
    if (has_sent) {
        flow.publisher->send();
    }
}

bool Latency::may_send(const Flow& flow) const {
    return flow.publisher->has_room() &&
           flow.under_way < std::min(kUnderWayMax, flow.publisher->receive_maximum());
}

Instant Latency::intended(const Flow& flow, std::uint64_t number) const {
    constexpr double kNsPerSecond = 1e9;
    return started_ + Duration(static_cast<std::int64_t>(static_cast<double>(number) *
                                                         kNsPerSecond / flow.rate_per_s));
}

/// What was due by now and could not be sent counts as expected: the broker did not take it.
void Latency::stop_sending() {
    is_sending_ = false;
    timer_.cancel();
    const Instant now = clock();
    due_count_ = 0;
    for (Flow& flow : flows_) {
        send_due(flow, now);
        const double seconds = std::chrono::duration<double>(now - started_).count();
        *due_count_ +=
            std::max(flow.sent_count, static_cast<std::uint64_t>(seconds * flow.rate_per_s));
    }
}

std::uint64_t Latency::expected_count() const {
    return due_count_.value_or(sent_count_);
}

void Latency::on_payload(Connection&, Bytes payload) {
    const Instant due = stamp_of(payload);
    if (due >= measured_from_) {
        latencies_.add(clock() - due);
    }
}

void Latency::on_acknowledged(Connection& connection, std::size_t count) {
    Flow& flow = flows_[connection.index / 2];
    flow.under_way -= std::min(flow.under_way, count);
}

void Latency::describe(Report& report) {
    if (latencies_.count() > 0) {
        report.p50_us = to_us(latencies_.quantile(0.5));
        report.p99_us = to_us(latencies_.quantile(0.99));
        report.p999_us = to_us(latencies_.quantile(0.999));
        report.max_us = to_us(latencies_.quantile(1));
    }
    report.generator_cpu_share.reset();  // it does not sleep; how late it sent says more
    report.more.emplace_back("qos", static_cast<double>(options().qos));
    report.more.emplace_back("offered_rate_per_s", options().rate_per_s);
    report.more.emplace_back("background_rate_per_s", options().background_rate_per_s);
    report.more.emplace_back("payload_bytes", static_cast<double>(options().payload_bytes));
    report.more.emplace_back("latencies", static_cast<double>(latencies_.count()));
    if (send_lags_.count() > 0) {
        report.more.emplace_back("send_lag_p99_us", to_us(send_lags_.quantile(0.99)));
    }
}

}  // namespace kith::bench

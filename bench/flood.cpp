#include "bench/flood.h"

#include <algorithm>

#include "runtime/limits.h"

namespace kith::bench {
namespace {

/// As in Latency: the loop does not sleep when the next probe is near.
constexpr Duration kSpinBefore = 2 * runtime::kTimerTick;

/// Messages of QoS 0 that a publisher sends in one go.
constexpr std::size_t kBurstMessages = 16;

double to_us(Duration duration) {
    return std::chrono::duration<double, std::micro>(duration).count();
}

}  // namespace

Flood::Flood(Environment environment, const FloodShape& shape)
    : BaseScenario(std::move(environment)),
      shape_(shape),
      probe_(run_id() + "/probe", Qos::AtMostOnce, std::max(options().payload_bytes, kStampBytes),
             options().version),
      under_way_(shape.publishers),
      timer_([this](Instant) { shard().defer(*this); }) {
    for (const Qos qos : {Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce}) {
        packets_.emplace_back(run_id() + "/flood", qos, options().payload_bytes, options().version);
    }
}

void Flood::set_up() {
    probe_publisher_ = &add_connection("probe-pub");
    probe_subscriber_ = &add_connection("probe-sub");
    probe_subscriber_->want_payloads();
    stopped_ = {&add_connection("stopped"), &add_connection("stopped-durable")};
    if (options().version == mqtt::Version::V5) {
        stopped_[1]->make_durable();
    }
    first_publisher_ = connections_.size();
    for (std::size_t i = 0; i < shape_.publishers; ++i) {
        add_connection("flood-" + std::to_string(i));
    }
}

void Flood::subscribe_all() {
    subscribe(*probe_subscriber_, {run_id() + "/probe"}, Qos::AtMostOnce);
    for (Connection* connection : stopped_) {
        subscribe(*connection, {run_id() + "/flood"}, Qos::ExactlyOnce);
    }
}

void Flood::start_sending() {
    for (Connection* connection : stopped_) {
        connection->stop_reading();
    }
    rss_before_bytes_ = rss_bytes();
    rss_most_bytes_ = rss_before_bytes_;
    is_sending_ = true;
    started_ = clock();
    for (std::size_t i = 0; i < shape_.publishers; ++i) {
        flood(i);
    }
    shard().defer(*this);
}

void Flood::stop_sending() {
    is_sending_ = false;
    timer_.cancel();
}

void Flood::run_task() {
    if (!is_sending_) {
        return;
    }
    const Instant now = clock();
    send_probes(now);
    const Instant next = intended(probe_sent_count_);
    if (next - now <= kSpinBefore) {
        shard().defer(*this);
    } else {
        shard().arm(timer_, next - kSpinBefore);
    }
}

void Flood::send_probes(Instant now) {
    bool has_sent = false;
    for (Instant due = intended(probe_sent_count_); due <= now && probe_publisher_->has_room();
         due = intended(probe_sent_count_)) {
        probe_.append_stamped(probe_publisher_->output(), PacketId(), due);
        ++probe_sent_count_;
        ++sent_count_;
        has_sent = true;
    }
    if (has_sent) {
        probe_publisher_->send();
    }
}

Instant Flood::intended(std::uint64_t number) const {
    constexpr double kNsPerSecond = 1e9;
    return started_ + Duration(static_cast<std::int64_t>(static_cast<double>(number) *
                                                         kNsPerSecond / options().rate_per_s));
}

/// As much as the node takes: QoS 0 until the socket is full, the others up to the window.
void Flood::flood(std::size_t publisher) {
    Connection& connection = *connections_[first_publisher_ + publisher];
    const std::size_t qos = publisher % kQosCount;
    std::size_t& under_way = under_way_[publisher];
    const std::size_t window =
        qos == 0 ? kBurstMessages
                 : std::min<std::size_t>(shape_.window, connection.receive_maximum());
    std::size_t count = 0;
    while (connection.has_room() && (qos == 0 ? count : under_way) < window) {
        packets_[qos].append_to(connection.output(),
                                qos == 0 ? PacketId() : connection.next_packet_id());
        under_way += qos == 0 ? 0 : 1;
        ++count;
    }
    flood_counts_[qos] += count;
    blocked_count_ += connection.has_room() ? 0U : 1U;
    if (count > 0) {
        connection.send();
    }
}

void Flood::on_room(Connection& connection) {
    if (is_sending_ && connection.index >= first_publisher_) {
        flood(connection.index - first_publisher_);
    }
}

void Flood::on_acknowledged(Connection& connection, std::size_t count) {
    if (connection.index < first_publisher_) {
        return;
    }
    std::size_t& under_way = under_way_[connection.index - first_publisher_];
    under_way -= std::min(under_way, count);
    if (is_sending_) {
        flood(connection.index - first_publisher_);
    }
}

void Flood::on_payload(Connection&, Bytes payload) {
    const Instant due = stamp_of(payload);
    if (due >= measured_from_) {
        latencies_.add(clock() - due);
    }
}

std::uint64_t Flood::rss_bytes() {
    const Moment now = moment();
    return now.broker ? now.broker->rss_bytes : 0;
}

/// QoS 0 has no acknowledgement to go on with.
void Flood::on_beat() {
    rss_most_bytes_ = std::max(rss_most_bytes_, rss_bytes());
    for (std::size_t i = 0; is_sending_ && i < shape_.publishers; i += kQosCount) {
        flood(i);
    }
}

void Flood::describe(Report& report) {
    if (latencies_.count() > 0) {
        report.p50_us = to_us(latencies_.quantile(0.5));
        report.p99_us = to_us(latencies_.quantile(0.99));
        report.p999_us = to_us(latencies_.quantile(0.999));
        report.max_us = to_us(latencies_.quantile(1));
    }
    report.generator_cpu_share.reset();
    report.more.emplace_back("publishers", static_cast<double>(shape_.publishers));
    report.more.emplace_back("offered_rate_per_s", options().rate_per_s);
    report.more.emplace_back("latencies", static_cast<double>(latencies_.count()));
    report.more.emplace_back("flood_qos0", static_cast<double>(flood_counts_[0]));
    report.more.emplace_back("flood_qos1", static_cast<double>(flood_counts_[1]));
    report.more.emplace_back("flood_qos2", static_cast<double>(flood_counts_[2]));
    report.more.emplace_back("blocked", static_cast<double>(blocked_count_));
    if (rss_before_bytes_ > 0) {
        report.more.emplace_back("rss_growth_bytes",
                                 static_cast<double>(rss_most_bytes_ - rss_before_bytes_));
    }
}

}  // namespace kith::bench

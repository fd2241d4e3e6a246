#include "bench/subscriptions.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "bench/publish_block.h"

namespace kith::bench {
namespace {

/// Filters of one SUBSCRIBE.
constexpr std::size_t kFiltersPerPacket = 100;

/// Filters that share all levels but the last ones.
constexpr std::size_t kFiltersPerBranch = 1'000;

/// Different topics that are published to; encoded beforehand, so this bounds their memory.
constexpr std::size_t kTopicsMax = 65'536;

}  // namespace

Subscriptions::Subscriptions(Environment environment, const SubscriptionsShape& shape)
    : BaseScenario(std::move(environment)),
      shape_(shape),
      window_(std::max<std::size_t>(shape.window, 1), 1) {
    shape_.count = std::max<std::size_t>(shape_.count, 2);  // one of each kind
}

void Subscriptions::set_up() {
    for (std::size_t i = 0; i < shape_.subscribers; ++i) {
        add_connection(fmt::format("sub-{}", i));
    }
    publisher_ = &add_connection("pub");
    next_filters_.resize(shape_.subscribers);
}

/// At the end of each stage before the last: all that it asked for is granted.
void Subscriptions::on_set_up() {
    switch (stage_) {
        case Stage::Connecting:
            connected_ = moment();
            stage_ = Stage::Exact;
            subscribe_range(0, shape_.count / 2);
            return;
        case Stage::Exact:
            exact_ = moment();
            stage_ = Stage::Wildcard;
            subscribe_range(shape_.count / 2, shape_.count);
            return;
        case Stage::Wildcard:
            wildcard_ = moment();
            stage_ = Stage::Publishing;
            encode_publishes();
            measure();
            return;
        case Stage::Publishing:
            return;
    }
}

/// Subscriber i gets every filter of the range whose number modulo the subscribers is i.
void Subscriptions::subscribe_range(std::size_t begin, std::size_t end) {
    range_end_ = end;
    for (std::size_t i = 0; i < shape_.subscribers; ++i) {
        next_filters_[i] = begin + i;
    }
    for (std::size_t i = 0; i < shape_.subscribers; ++i) {
        subscribe_next(*connections_[i]);
    }
}

void Subscriptions::subscribe_next(Connection& connection) {
    std::size_t& next = next_filters_[connection.index];
    std::vector<std::string> filters;
    for (; next < range_end_ && filters.size() < kFiltersPerPacket; next += shape_.subscribers) {
        filters.push_back(filter(next));
    }
    if (!filters.empty()) {
        subscribe(connection, filters, Qos::AtMostOnce);
    }
}

void Subscriptions::on_subscribed(Connection& connection, bool granted) {
    subscribe_next(connection);
    BaseScenario::on_subscribed(connection, granted);
}

std::string Subscriptions::filter(std::size_t number) const {
    const std::size_t branch = number / kFiltersPerBranch;
    if (number < shape_.count / 2) {
        return matching_topic(number);
    }
    return number % 2 == 0 ? fmt::format("{}/plus/{}/+/{}", run_id(), branch, number)
                           : fmt::format("{}/hash/{}/{}/#", run_id(), branch, number);
}

std::string Subscriptions::matching_topic(std::size_t number) const {
    const std::size_t branch = number / kFiltersPerBranch;
    if (number < shape_.count / 2) {
        return fmt::format("{}/exact/{}/value/{}", run_id(), branch, number);
    }
    return number % 2 == 0 ? fmt::format("{}/plus/{}/value/{}", run_id(), branch, number)
                           : fmt::format("{}/hash/{}/{}/value", run_id(), branch, number);
}

void Subscriptions::encode_publishes() {
    std::vector<std::size_t> numbers(shape_.count);
    std::iota(numbers.begin(), numbers.end(), std::size_t{0});
    for (std::size_t i = numbers.size() - 1; i > 0; --i) {
        std::swap(numbers[i], numbers[shard().random().below(i + 1)]);
    }
    numbers.resize(std::min(numbers.size(), kTopicsMax));
    const std::vector<std::uint8_t> payload(options().payload_bytes, 'x');
    packet_ends_.push_back(0);
    for (const std::size_t number : numbers) {
        const std::string topic = matching_topic(number);
        const auto packet = encode_publish({.topic = topic, .payload = payload}, options().version);
        packets_.insert(packets_.end(), packet.begin(), packet.end());
        packet_ends_.push_back(packets_.size());
    }
}

void Subscriptions::start_sending() {
    is_sending_ = true;
    fill();
}

void Subscriptions::fill() {
    std::size_t credit = window_.credit();
    while (is_sending_ && credit > 0 && publisher_->has_room()) {
        const std::size_t end = std::min(next_packet_ + credit, packet_ends_.size() - 1);
        const std::size_t count = end - next_packet_;
        publisher_->output().append(Bytes(packets_).subspan(
            packet_ends_[next_packet_], packet_ends_[end] - packet_ends_[next_packet_]));
        publisher_->send();
        next_packet_ = end == packet_ends_.size() - 1 ? 0 : end;
        window_.on_sent(count);
        sent_count_ += count;
        credit -= count;
    }
}

void Subscriptions::on_messages(Connection& connection, std::size_t count) {
    BaseScenario::on_messages(connection, count);
    window_.on_received(count);
    fill();
}

void Subscriptions::on_beat() {
    if (is_sending_ && window_.gives_up(clock())) {
        fill();
    }
}

void Subscriptions::describe(Report& report) {
    const std::size_t exact_count = shape_.count / 2;
    const Step exact{.from = connected_, .to = exact_, .count = exact_count};
    const Step wildcard{.from = exact_, .to = wildcard_, .count = shape_.count - exact_count};
    report.more.emplace_back("subscriptions", static_cast<double>(shape_.count));
    report.more.emplace_back("subscribers", static_cast<double>(shape_.subscribers));
    report_rate(report, "exact_subscriptions_per_s", exact);
    report_cpu_us_each(report, "cpu_us_per_exact_subscription", exact);
    report_rss_bytes_each(report, "rss_bytes_per_exact_subscription", exact);
    report_rate(report, "wildcard_subscriptions_per_s", wildcard);
    report_cpu_us_each(report, "cpu_us_per_wildcard_subscription", wildcard);
    report_rss_bytes_each(report, "rss_bytes_per_wildcard_subscription", wildcard);
    report.more.emplace_back("topics", static_cast<double>(packet_ends_.size() - 1));
    report.more.emplace_back("payload_bytes", static_cast<double>(options().payload_bytes));
    report.more.emplace_back("window", static_cast<double>(shape_.window));
}

}  // namespace kith::bench

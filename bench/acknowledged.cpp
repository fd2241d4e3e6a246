#include "bench/acknowledged.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace kith::bench {
namespace {

Environment with_version_for_durable(Environment environment) {
    if (environment.options.durable) {
        environment.options.version = mqtt::Version::V5;
    }
    return environment;
}

}  // namespace

Acknowledged::Acknowledged(Environment environment, const AcknowledgedShape& shape)
    : BaseScenario(with_version_for_durable(std::move(environment))), shape_(shape) {
    CHECK(shape_.qos != Qos::AtMostOnce);
    shape_.window = std::max<std::size_t>(shape_.window, 1);
}

void Acknowledged::set_up() {
    for (std::size_t i = 0; i < shape_.pairs; ++i) {
        std::string topic = fmt::format("{}/{}", run_id(), i);
        PublishTemplate packet(topic, shape_.qos, options().payload_bytes, options().version);
        Connection& publisher = add_connection(fmt::format("pub-{}", i), Side::Publisher, i);
        Connection& subscriber = add_connection(fmt::format("sub-{}", i), Side::Subscriber, i);
        if (options().durable) {
            subscriber.make_durable();
        }
        pairs_.push_back({.topic = std::move(topic),
                          .packet = std::move(packet),
                          .publisher = &publisher,
                          .subscriber = &subscriber});
    }
}

void Acknowledged::subscribe_all() {
    for (const Pair& pair : pairs_) {
        subscribe(*pair.subscriber, {pair.topic}, shape_.qos);
    }
}

void Acknowledged::start_sending() {
    is_sending_ = true;
    for (Pair& pair : pairs_) {
        fill(pair);
    }
}

void Acknowledged::on_acknowledged(Connection& connection, std::size_t count) {
    Pair& pair = pair_of(connection);
    pair.under_way -= std::min(pair.under_way, count);
    fill(pair);
}

void Acknowledged::fill(Pair& pair) {
    Connection& publisher = *pair.publisher;
    const std::size_t window = std::min(shape_.window, publisher.receive_maximum());
    if (!is_sending_ || pair.under_way >= window || !publisher.has_room()) {
        return;
    }
    const std::size_t count = window - pair.under_way;
    for (std::size_t i = 0; i < count; ++i) {
        pair.packet.append_to(publisher.output(), publisher.next_packet_id());
    }
    publisher.send();
    pair.under_way += count;
    sent_count_ += count;
}

void Acknowledged::describe(Report& report) {
    report.more.emplace_back("qos", static_cast<double>(shape_.qos));
    report.more.emplace_back("durable", options().durable ? 1 : 0);
    report.more.emplace_back("publishers", static_cast<double>(shape_.pairs));
    report.more.emplace_back("subscribers", static_cast<double>(shape_.pairs));
    report.more.emplace_back("payload_bytes", static_cast<double>(options().payload_bytes));
    report.more.emplace_back("window", static_cast<double>(shape_.window));
}

}  // namespace kith::bench

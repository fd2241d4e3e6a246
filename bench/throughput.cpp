#include "bench/throughput.h"

#include <fmt/format.h>

#include <algorithm>

namespace kith::bench {

void Throughput::set_up() {
    for (std::size_t i = 0; i < shape_.groups; ++i) {
        std::string topic = fmt::format("{}/{}", run_id(), i);
        PublishBlock block(topic, options().payload_bytes, options().version);
        groups_.push_back({.topic = std::move(topic),
                           .block = std::move(block),
                           .window = LossyWindow(shape_.window, shape_.subscribers)});
        for (std::size_t s = 0; s < shape_.subscribers; ++s) {
            groups_.back().subscribers.push_back(
                &add_connection(fmt::format("sub-{}-{}", i, s), Side::Subscriber, i));
        }
        for (std::size_t p = 0; p < shape_.publishers; ++p) {
            groups_.back().publishers.push_back(
                &add_connection(fmt::format("pub-{}-{}", i, p), Side::Publisher, i));
        }
    }
}

void Throughput::subscribe_all() {
    for (const Group& group : groups_) {
        for (Connection* subscriber : group.subscribers) {
            subscribe(*subscriber, {group.topic}, Qos::AtMostOnce);
        }
    }
}

void Throughput::start_sending() {
    is_sending_ = true;
    for (Group& group : groups_) {
        if (shape_.window != 0) {
            fill_window(group);
            continue;
        }
        for (Connection* publisher : group.publishers) {
            fill(group, *publisher);
        }
    }
}

Throughput::Group& Throughput::group_of(const Connection& connection) {
    return groups_[connection.index / (shape_.publishers + shape_.subscribers)];
}

void Throughput::on_messages(Connection& connection, std::size_t count) {
    BaseScenario::on_messages(connection, count);
    Group& group = group_of(connection);
    group.window.on_received(count);
    if (shape_.window != 0) {
        fill_window(group);
    }
}

void Throughput::on_room(Connection& connection) {
    Group& group = group_of(connection);
    if (shape_.window == 0) {
        fill(group, connection);
    } else {
        fill_window(group);
    }
}

void Throughput::fill(Group& group, Connection& publisher) {
    while (is_sending_ && publisher.has_room()) {
        send(group, publisher, group.block.piece_count_max());
    }
}

void Throughput::fill_window(Group& group) {
    std::size_t credit = group.window.credit();
    if (!is_sending_ || credit == 0) {
        return;
    }
    const std::size_t share = std::max<std::size_t>(shape_.window / group.publishers.size(), 1);
    for (std::size_t tries = 0; credit > 0 && tries < group.publishers.size(); ++tries) {
        Connection& publisher = *group.publishers[group.next_publisher];
        group.next_publisher = (group.next_publisher + 1) % group.publishers.size();
        if (publisher.has_room()) {
            const std::size_t count = std::min(credit, share);
            send(group, publisher, count);
            credit -= count;
        }
    }
}

void Throughput::send(Group& group, Connection& publisher, std::size_t count) {
    group.block.append_to(publisher.output(), count);
    publisher.send();
    group.window.on_sent(count);
    sent_count_ += count;
}

void Throughput::on_beat() {
    if (shape_.window == 0 || !is_sending_) {
        return;
    }
    for (Group& group : groups_) {
        if (group.window.gives_up(clock())) {
            fill_window(group);
        }
    }
}

void Throughput::describe(Report& report) {
    report.more.emplace_back("publishers", static_cast<double>(shape_.groups * shape_.publishers));
    report.more.emplace_back("subscribers",
                             static_cast<double>(shape_.groups * shape_.subscribers));
    report.more.emplace_back("payload_bytes", static_cast<double>(options().payload_bytes));
    report.more.emplace_back("window", static_cast<double>(shape_.window));
}

}  // namespace kith::bench

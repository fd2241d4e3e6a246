#include "broker/detail/sys_topics.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/version.h"
#include "broker/detail/shard_broker.h"
#include "runtime/gather.h"

namespace kith::broker {
namespace {

struct Statistic {
    const char* name;
    std::uint64_t Counters::*member;
};

constexpr Statistic kStatistics[] = {
    {"clients/connected", &Counters::connections},
    {"clients/active", &Counters::connections},  // the older name
    {"clients/total", &Counters::sessions},
    {"clients/expired", &Counters::sessions_expired},
    {"subscriptions/count", &Counters::subscriptions},
    {"shared_subscriptions/count", &Counters::shared_subscriptions},
    {"retained messages/count", &Counters::retained},
    {"messages/stored", &Counters::queued_messages},
    {"store/messages/count", &Counters::queued_messages},
    {"store/messages/bytes", &Counters::queued_bytes},
    {"publish/messages/received", &Counters::messages_in},
    {"publish/messages/sent", &Counters::messages_out},
    {"publish/bytes/received", &Counters::payload_bytes_in},
    {"publish/bytes/sent", &Counters::payload_bytes_out},
    {"bytes/received", &Counters::bytes_in},
    {"bytes/sent", &Counters::bytes_out},
};

/// What was not delivered to somebody who wanted it.
std::uint64_t dropped_of(const Counters& sum) {
    return sum.dropped_slow + sum.dropped_queue_full + sum.dropped_memory + sum.dropped_expired +
           sum.dropped_too_large;
}

}  // namespace

void SysTopics::start() {
    started_ = context_.shard.now();
    updated_ = started_;
    if (context_.options().sys_interval > Duration::zero()) {
        on_timer(started_);
    }
}

void SysTopics::on_timer(Instant) {
    runtime::gather<Sample>(
        context_.shard,
        [node = &context_.node](runtime::Shard& shard) {
            return Sample{.counters = node->shards[shard.id().value()]->counters(),
                          .streams_accepted = shard.counters().streams_accepted};
        },
        [this](const std::vector<Sample>& each) {
            Sample sum;
            for (const Sample& sample : each) {
                sum.counters.add(sample.counters);
                sum.streams_accepted += sample.streams_accepted;
            }
            publish_all(sum);
        });
    context_.shard.arm_after(*this, context_.options().sys_interval);
}

void SysTopics::publish_all(const Sample& sum) {
    const Counters& counters = sum.counters;
    publish("version", fmt::format("kith {}", version()));
    publish("uptime", fmt::format("{} seconds", to_ms(context_.shard.now() - started_) / 1000));
    for (const Statistic& statistic : kStatistics) {
        publish(statistic.name, std::to_string(counters.*statistic.member));
    }
    const std::string disconnected = std::to_string(counters.sessions - counters.connections);
    publish("clients/disconnected", disconnected);
    publish("clients/inactive", disconnected);  // the older name
    connections_max_ = std::max(connections_max_, counters.connections);
    publish("clients/maximum", std::to_string(connections_max_));
    publish_messages(counters);
    publish_heap();
    publish_loads(sum);
}

void SysTopics::publish_messages(const Counters& sum) {
    publish("messages/received", std::to_string(sum.messages_in + sum.controls_in));
    publish("messages/sent", std::to_string(sum.messages_out + sum.controls_out));
    publish("publish/messages/dropped", std::to_string(dropped_of(sum)));
}

void SysTopics::publish_heap() {
    if (heap_bytes_) {
        const std::uint64_t heap_bytes = heap_bytes_();
        heap_bytes_max_ = std::max(heap_bytes_max_, heap_bytes);
        publish("heap/current", std::to_string(heap_bytes));
        publish("heap/maximum", std::to_string(heap_bytes_max_));
    }
}

void SysTopics::publish_loads(const Sample& sum) {
    const Counters& counters = sum.counters;
    const std::pair<std::string_view, std::uint64_t> totals[kLoads] = {
        {"bytes/received", counters.bytes_in},
        {"bytes/sent", counters.bytes_out},
        {"messages/received", counters.messages_in + counters.controls_in},
        {"messages/sent", counters.messages_out + counters.controls_out},
        {"publish/received", counters.messages_in},
        {"publish/sent", counters.messages_out},
        {"publish/dropped", dropped_of(counters)},
        {"connections", counters.connects_accepted + counters.connects_refused},
        {"sockets", sum.streams_accepted},
    };
    const Duration since_last = context_.shard.now() - updated_;
    updated_ = context_.shard.now();
    for (std::size_t i = 0; i < kLoads; ++i) {
        loads_[i].update(totals[i].second, since_last);
        for (std::size_t place = 0; place < LoadAverage::kMinutes.size(); ++place) {
            publish(fmt::format("load/{}/{}min", totals[i].first, LoadAverage::kMinutes[place]),
                    fmt::format("{:.2f}", loads_[i].load(place)));
        }
    }
}

void SysTopics::publish(std::string_view name, std::string value) {
    std::string topic = fmt::format("$SYS/broker/{}", name);
    std::string& known = published_[topic];
    if (known == value) {
        return;
    }
    known = std::move(value);
    context_.router->publish({.topic = bus::TopicName::trusted(topic),
                              .payload = as_bytes(known),
                              .properties = {},
                              .retain = true,
                              .publisher = {},
                              .published_at = context_.shard.wall_now(),
                              .expires_at = {}},
                             PublishOrigin{});
}

}  // namespace kith::broker

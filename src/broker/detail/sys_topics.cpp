#include "broker/detail/sys_topics.h"

#include <fmt/format.h>

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
    {"clients/total", &Counters::sessions},
    {"subscriptions/count", &Counters::subscriptions},
    {"retained messages/count", &Counters::retained},
    {"messages/stored", &Counters::queued_messages},
    {"store/messages/count", &Counters::queued_messages},
    {"store/messages/bytes", &Counters::queued_bytes},
    {"publish/messages/received", &Counters::messages_in},
    {"publish/messages/sent", &Counters::messages_out},
    {"bytes/received", &Counters::bytes_in},
    {"bytes/sent", &Counters::bytes_out},
};

}  // namespace

void SysTopics::start() {
    started_ = context_.shard.now();
    if (context_.options().sys_interval > Duration::zero()) {
        on_timer(started_);
    }
}

void SysTopics::on_timer(Instant) {
    runtime::gather<Counters>(
        context_.shard,
        [node = &context_.node](runtime::Shard& shard) {
            return node->shards[shard.id().value()]->counters();
        },
        [this](const std::vector<Counters>& each) {
            Counters sum;
            for (const Counters& counters : each) {
                sum.add(counters);
            }
            publish_all(sum);
        });
    context_.shard.arm_after(*this, context_.options().sys_interval);
}

void SysTopics::publish_all(const Counters& sum) {
    publish("version", fmt::format("kith {}", version()));
    publish("uptime", fmt::format("{} seconds", to_ms(context_.shard.now() - started_) / 1000));
    for (const Statistic& statistic : kStatistics) {
        publish(statistic.name, std::to_string(sum.*statistic.member));
    }
    publish("clients/disconnected", std::to_string(sum.sessions - sum.connections));
    publish("publish/messages/dropped",
            std::to_string(sum.dropped_slow + sum.dropped_queue_full + sum.dropped_expired +
                           sum.dropped_too_large));
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

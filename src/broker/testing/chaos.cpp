#include "broker/testing/chaos.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace kith::broker::testing {
namespace {

constexpr std::uint16_t kShardCounts[] = {1, 2, 3, 4};

bool matches(const std::string& filter, const std::string& topic) {
    return bus::TopicFilter::trusted(filter).matches(bus::TopicName::trusted(topic));
}

Qos random_qos(Random& random) {
    return static_cast<Qos>(random.below(3));
}

/// Counts what a store holds.
class StoreCount final : public storage::RecoveryVisitor {
  public:
    void on_session(const storage::SessionRecord&) override { ++sessions; }
    void on_subscription(const storage::SubscriptionRecord&) override { ++subscriptions; }
    void on_queue(const storage::QueueRecord& queue) override { queued += queue.message_count; }
    void on_delivery(const storage::DeliveryRecord&) override { ++deliveries; }
    void on_inbound(SessionId, PacketId) override { ++inbound; }
    void on_retained(const storage::RetainedRecord&) override { ++retained; }
    void on_mark(const storage::MarkRecord&) override {}

    std::size_t sessions = 0;
    std::size_t subscriptions = 0;
    std::size_t queued = 0;
    std::size_t deliveries = 0;
    std::size_t inbound = 0;
    std::size_t retained = 0;
};

/// True if a subscription of `client` that matches has changed since the message was sent.
bool has_changed(const ChaosClient& client, const ChaosMessage& message, Instant until) {
    return std::ranges::any_of(client.subscriptions(), [&](const ChaosSubscription& subscription) {
        const auto is_between = [&](Instant when) {
            return when >= message.sent_at && when <= until;
        };
        return matches(subscription.filter, message.topic) &&
               (is_between(subscription.asked_at) || is_between(subscription.granted_at) ||
                is_between(subscription.end_asked_at) || is_between(subscription.ended_at));
    });
}

}  // namespace

Chaos::Chaos(const ChaosOptions& options)
    : options_(options), random_(options.seed), rig_(rig_options(random_, options.seed)) {
    for (std::uint32_t i = 0; i < options.client_count; ++i) {
        clients_.push_back(std::make_unique<ChaosClient>(
            rig_, log_,
            ChaosClient::Traits{
                .number = i,
                .is_durable = i % 3 != 2,
                .version = random_.chance(0.7) ? mqtt::Version::V5 : mqtt::Version::V311,
                .receive_maximum = static_cast<std::uint16_t>(1 + random_.below(12)),
                .inflight_max = 1 + random_.below(8)}));
    }
}

RigOptions Chaos::rig_options(Random& random, std::uint64_t seed) {
    RigOptions options{.seed = seed, .shard_count = kShardCounts[random.below(4)]};
    options.piece_bytes_max = random.chance(0.5) ? 0 : 1 + random.below(300);
    options.commit_delay = random.between(100us, 8ms);
    options.broker.receive_maximum = 8;
    options.broker.inflight_messages_max = static_cast<std::uint16_t>(1 + random.below(20));
    options.broker.topics_max = 1 + random.below(6);
    options.broker.topic_alias_maximum = 0;
    // Some of what waits is on disk only, much of it or all.
    options.broker.session_window_messages_max = 1 + random.below(20);
    options.broker.queue_memory_bytes_max = random.chance(0.5) ? 1'000'000 : random.below(2000);
    return options;
}

void Chaos::run() {
    for (int i = 0; i < options_.step_count && !::testing::Test::HasFailure(); ++i) {
        step();
    }
    heal();
    if (::testing::Test::HasFailure()) {
        return;
    }
    check_deliveries();
    for (const auto& client : clients_) {
        check_subscribed(*client);
        check_order(*client);
    }
    check_retained();
    check_leftovers();
}

void Chaos::step() {
    if (random_.chance(options_.power_cut)) {
        cut_power();
    } else if (random_.chance(options_.stall)) {
        rig_.journal().stall();
    } else if (random_.chance(options_.stall * 4)) {
        rig_.journal().resume();
    }
    act(*clients_[random_.below(clients_.size())]);
    if (random_.chance(0.7)) {
        rig_.run_for(random_.between(0ms, 2ms));
    }
}

void Chaos::act(ChaosClient& client) {
    if (!client.is_open()) {
        if (random_.chance(0.7)) {
            client.connect();
        }
        return;
    }
    if (!client.is_ready()) {
        return;
    }
    if (random_.chance(options_.drop)) {
        random_.chance(0.8) ? client.drop() : client.disconnect();
        return;
    }
    const std::uint64_t dice = random_.below(20);
    if (dice < 3) {
        client.subscribe(filter(), random_qos(random_));
    } else if (dice < 4) {
        client.unsubscribe(filter());
    } else if (dice < 6) {
        client.set_lazy(random_.chance(0.5));
    } else {
        for (std::uint64_t burst = 1 + random_.below(4); burst > 0; --burst) {
            publish(client);
        }
    }
}

void Chaos::publish(ChaosClient& client) {
    if (!client.may_publish()) {
        return;
    }
    ChaosMessage message;
    message.topic = topic();
    message.qos = random_qos(random_);
    message.retain = random_.chance(options_.retain);
    message.is_clear = message.retain && random_.chance(0.2);
    client.publish(message);
}

void Chaos::cut_power() {
    power_cuts_.push_back(rig_.world().now());
    for (const auto& client : clients_) {
        client->drop();
    }
    rig_.restart(kShardCounts[random_.below(4)]);
}

void Chaos::heal() {
    rig_.journal().resume();
    const auto is_quiet = [this] {
        return std::ranges::all_of(
            clients_, [](const auto& client) { return client->is_ready() && client->is_idle(); });
    };
    for (int i = 0; i < 400; ++i) {
        for (const auto& client : clients_) {
            if (!client->is_open()) {
                client->connect();
            }
            client->set_lazy(false);
        }
        rig_.run_for(50ms);
        if (is_quiet() && rig_.counters().queued_messages == 0) {
            break;
        }
    }
    EXPECT_TRUE(is_quiet());
    rig_.run_for(500ms);
}

std::string Chaos::topic() {
    const std::uint64_t number = random_.below(options_.topic_count);
    return number % 2 == 0 ? "t/" + std::to_string(number) : "t/" + std::to_string(number) + "/x";
}

std::string Chaos::filter() {
    switch (random_.below(5)) {
        case 0:
            return "#";
        case 1:
            return "t/+";
        case 2:
            return "t/+/x";
        default:
            return topic();
    }
}

std::size_t Chaos::receipt_count() const {
    std::size_t count = 0;
    for (const auto& client : clients_) {
        count += client->receipts().size();
    }
    return count;
}

void Chaos::check_deliveries() const {
    for (const auto& client : clients_) {
        std::map<std::uint32_t, std::vector<const ChaosReceipt*>> live;
        for (const ChaosReceipt& receipt : client->receipts()) {
            if (!receipt.retain) {
                live[receipt.message].push_back(&receipt);
            }
        }
        for (const ChaosMessage& message : log_) {
            check_delivery(*client, message, live[message.number]);
        }
    }
}

void Chaos::check_delivery(const ChaosClient& client, const ChaosMessage& message,
                           const std::vector<const ChaosReceipt*>& receipts) const {
    std::set<std::size_t> sessions;
    for (const ChaosReceipt* receipt : receipts) {
        EXPECT_TRUE(receipt->qos != Qos::ExactlyOnce || sessions.insert(receipt->session).second)
            << client.id() << " got message " << message.number << " twice";
    }
    EXPECT_TRUE(message.qos != Qos::AtMostOnce || receipts.size() <= 1)
        << client.id() << " got message " << message.number << " twice with QoS 0";
    for (const ChaosReceipt* receipt : receipts) {
        EXPECT_LE(receipt->qos, message.qos);
    }
    if (!client.traits().is_durable || !message.is_acked() || message.is_clear ||
        message.qos == Qos::AtMostOnce) {
        return;
    }
    const bool is_due =
        std::ranges::any_of(client.subscriptions(), [&](const ChaosSubscription& subscription) {
            return subscription.qos != Qos::AtMostOnce &&
                   matches(subscription.filter, message.topic) &&
                   subscription.granted_at <= message.sent_at &&
                   message.acked_at <= subscription.end_asked_at;
        });
    EXPECT_TRUE(!is_due || !receipts.empty())
        << client.id() << " never got message " << message.number << " on " << message.topic
        << " with QoS " << static_cast<int>(message.qos) << (message.retain ? ", retained" : "")
        << " sent at " << message.sent_at.ns() << " acknowledged at " << message.acked_at.ns();
}

void Chaos::check_subscribed(const ChaosClient& client) const {
    for (const ChaosReceipt& receipt : client.receipts()) {
        const ChaosMessage& message = log_[receipt.message];
        const bool is_subscribed =
            std::ranges::any_of(client.subscriptions(), [&](const ChaosSubscription& subscription) {
                return matches(subscription.filter, message.topic) &&
                       subscription.asked_at <= receipt.at &&
                       (subscription.ended_at > message.sent_at || receipt.retain);
            });
        EXPECT_TRUE(is_subscribed) << client.id() << " got message " << message.number << " on "
                                   << message.topic << " without a subscription";
    }
}

/// First arrivals of one publisher's messages on one topic, as published and as delivered with one
/// QoS, come in their order [MQTT-4.6.0-5].
void Chaos::check_order(const ChaosClient& client) const {
    using Key = std::tuple<std::uint32_t, std::string, Qos, Qos>;
    std::map<Key, std::uint32_t> last;
    std::set<std::uint32_t> seen;
    for (const ChaosReceipt& receipt : client.receipts()) {
        if (receipt.retain || !seen.insert(receipt.message).second) {
            continue;
        }
        const ChaosMessage& message = log_[receipt.message];
        const Key key{message.publisher, message.topic, message.qos, receipt.qos};
        const auto found = last.find(key);
        // A message that was sent again has two places in the order. The first counts, unless the
        // subscriber could miss it then.
        const bool was_cut = std::ranges::any_of(power_cuts_, [&](Instant cut) {
            return cut >= message.sent_at && cut <= message.acked_at && cut <= receipt.at;
        });
        const bool may_be_second =
            message.send_count > 1 &&
            (was_cut || receipt.qos == Qos::AtMostOnce || !client.traits().is_durable ||
             has_changed(client, message, receipt.at));
        const bool is_in_order =
            found == last.end() || found->second < receipt.message || may_be_second;
        EXPECT_TRUE(is_in_order) << client.id() << " got message " << receipt.message << " after "
                                 << last[key];
        last[key] = receipt.message;
    }
}

/// What is retained in the end was not replaced by a write that began after its own was
/// acknowledged.
void Chaos::check_retained() {
    ChaosClient reader(rig_, log_, {.number = 1000});
    reader.connect();
    rig_.run_for(50ms);
    reader.subscribe("#", Qos::AtMostOnce);
    rig_.run_for(500ms);
    std::map<std::string, std::uint32_t> found;
    for (const ChaosReceipt& receipt : reader.receipts()) {
        EXPECT_TRUE(receipt.retain);
        EXPECT_TRUE(found.emplace(log_[receipt.message].topic, receipt.message).second);
    }
    std::map<std::string, std::vector<const ChaosMessage*>> writes;
    for (const ChaosMessage& message : log_) {
        if (message.retain) {
            writes[message.topic].push_back(&message);
        }
    }
    for (const auto& [topic, all] : writes) {
        const auto value = found.find(topic);
        const auto may_be_last = [&all = all](const ChaosMessage* write) {
            return std::ranges::none_of(all, [write](const ChaosMessage* other) {
                return other->is_acked() && other->sent_at > write->acked_at;
            });
        };
        if (value != found.end()) {
            EXPECT_TRUE(log_[value->second].retain);
            EXPECT_TRUE(may_be_last(&log_[value->second]))
                << topic << " retains an old message, " << value->second;
            continue;
        }
        const bool is_explained = std::ranges::none_of(all, &ChaosMessage::is_acked) ||
                                  std::ranges::any_of(all, [&](const ChaosMessage* write) {
                                      return write->is_clear && may_be_last(write);
                                  });
        EXPECT_TRUE(is_explained) << topic << " has lost its retained message";
    }
}

void Chaos::check_leftovers() {
    const Counters counters = rig_.counters();
    EXPECT_EQ(counters.queued_messages, 0U);
    EXPECT_EQ(counters.queued_bytes, 0U);
    EXPECT_EQ(counters.spilled_messages, 0U);
    EXPECT_EQ(counters.spilled_bytes, 0U);
    EXPECT_EQ(counters.protocol_errors, 0U);
    StoreCount count;
    EXPECT_TRUE(rig_.store().recover(count));
    EXPECT_EQ(count.deliveries, 0U);
    EXPECT_EQ(count.queued, 0U);
    EXPECT_EQ(rig_.store().message_count(), 0U);
    EXPECT_EQ(count.inbound, 0U);
    EXPECT_EQ(count.retained, counters.retained);
}

}  // namespace kith::broker::testing

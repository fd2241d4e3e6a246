#include "broker/broker.h"

#include <iterator>

#include "broker/detail/recovery.h"
#include "broker/detail/shard_broker.h"
#include "broker/detail/store_watch.h"
#include "broker/detail/sys_topics.h"

namespace kith::broker {

struct Broker::Impl {
    Impl(const BrokerOptions& options, std::size_t shard_count) : node(options, shard_count) {}

    NodeShared node;
    BrokerParts parts;
    std::vector<std::unique_ptr<ShardBroker>> shards;
    std::unique_ptr<StoreWatch> store_watch;
    std::unique_ptr<SysTopics> sys_topics;
};

Broker::Broker(const BrokerOptions& options, const BrokerParts& parts)
    : impl_(std::make_unique<Impl>(options, parts.shards.size())) {
    CHECK(!parts.shards.empty() && parts.shards.size() <= limits::kShardsMax);
    CHECK(parts.shards.size() == parts.authenticators.size());
    CHECK(parts.shards.size() == parts.authorizers.size());
    CHECK(parts.shards.size() == parts.events.size());
    CHECK(check_options(options));
    impl_->parts = parts;
    impl_->node.began = parts.shards.front()->now();
    impl_->node.began_at = parts.shards.front()->wall_now();
    for (std::size_t i = 0; i < parts.shards.size(); ++i) {
        impl_->shards.push_back(
            std::make_unique<ShardBroker>(*parts.shards[i], impl_->node,
                                          ShardPorts{.authenticator = *parts.authenticators[i],
                                                     .authorizer = *parts.authorizers[i],
                                                     .events = *parts.events[i]}));
        impl_->node.shards.push_back(impl_->shards.back().get());
    }
    impl_->store_watch = std::make_unique<StoreWatch>(*parts.shards.front(), *parts.events.front());
}

Broker::~Broker() = default;

Status Broker::recover(storage::MessageStore& store) {
    Recovery recovery(impl_->node, impl_->parts.shards.front()->wall_now());
    TRY(store.recover(recovery));
    impl_->node.last_message_id = store.last_message_id().value();
    impl_->node.last_session_id = store.last_session_id().value();
    const RecoveryCounts& counts = recovery.counts();
    LOG(impl_->parts.shards.front()->log(), Info, "store recovered", {"sessions", counts.sessions},
        {"subscriptions", counts.subscriptions}, {"messages", store.message_count()},
        {"queued", counts.queued}, {"released", counts.released}, {"retained", counts.retained});
    if (counts.unusable > 0) {
        LOG(impl_->parts.shards.front()->log(), Warn, "store has records that cannot be used",
            {"left_out", counts.unusable});
    }
    return {};
}

void Broker::start(storage::Journal& journal) {
    impl_->node.is_started = true;
    for (const std::unique_ptr<ShardBroker>& shard : impl_->shards) {
        shard->context().store.set_journal(journal);
        shard->context().shard.post_completion(
            runtime::make_mail([broker = shard.get()](runtime::Shard&) { broker->start(); }));
    }
    impl_->parts.shards.front()->post_completion(runtime::make_mail(
        [watch = impl_->store_watch.get(), &journal](runtime::Shard&) { watch->start(journal); }));
    impl_->sys_topics =
        std::make_unique<SysTopics>(impl_->shards.front()->context(), impl_->parts.heap_bytes);
    impl_->parts.shards.front()->post_completion(runtime::make_mail(
        [sys_topics = impl_->sys_topics.get()](runtime::Shard&) { sys_topics->start(); }));
}

void Broker::set_options(const BrokerOptions& options) {
    NodeShared& node = impl_->node;
    node.connections.set_max(options.connections_max);
    node.pending_connections.set_max(options.pending_connections_max);
    node.pending_bytes.set_max(options.pending_bytes_max);
    node.sessions.set_max(options.sessions_max);
    node.subscriptions.set_max(options.subscriptions_max);
    node.retained_messages.set_max(options.retained_messages_max);
    node.retained_bytes.set_max(options.retained_bytes_max);
    node.topics.set_max(node.common_topics(options.topics_max, node.shards.size()));
    node.wills_bytes.set_max(options.wills_bytes_max);
    node.memory.max.store(options.queued_bytes_max, std::memory_order_relaxed);
}

std::vector<LimitView> Broker::limits(const Counters& totals) const {
    const NodeShared& node = impl_->node;
    const BrokerOptions& options = impl_->shards.front()->context().options();
    using Used = std::optional<std::uint64_t>;
    const struct {
        Limit limit;
        std::uint64_t value;
        Used used;
    } all[] = {
        {Limit::Connections, options.connections_max, node.connections.used()},
        {Limit::PendingConnections, options.pending_connections_max,
         node.pending_connections.used()},
        {Limit::PendingBytes, options.pending_bytes_max, node.pending_bytes.used()},
        {Limit::Sessions, options.sessions_max, node.sessions.used()},
        {Limit::Subscriptions, options.subscriptions_max, totals.subscriptions},
        {Limit::SessionSubscriptions, options.subscriptions_per_session_max, Used()},
        {Limit::SubscribeFilters, options.subscribe_filters_max, Used()},
        {Limit::TopicLevels, options.topic_levels_max, Used()},
        {Limit::Topics, options.topics_max, totals.topics},
        {Limit::ClientTopics, options.client_topics_max, Used()},
        {Limit::RetainedMessages, options.retained_messages_max, totals.retained},
        {Limit::RetainedBytes, options.retained_bytes_max, totals.retained_bytes},
        {Limit::QueuedBytes, options.queued_bytes_max, totals.held_bytes},
        {Limit::SessionQueue, options.session_queue_messages_max, Used()},
        {Limit::ReceiveMaximum, options.receive_maximum, Used()},
        {Limit::WillBytes, options.will_bytes_max, Used()},
        {Limit::WillsBytes, options.wills_bytes_max, node.wills_bytes.used()},
        {Limit::ClientMessages, options.client_messages_per_s_max, Used()},
        {Limit::ClientBytes, options.client_bytes_per_s_max, Used()},
        {Limit::ListenerMessages, options.listener_messages_per_s_max, Used()},
        {Limit::ListenerBytes, options.listener_bytes_per_s_max, Used()},
        {Limit::ClientRetained, options.client_retained_per_s_max, Used()},
        {Limit::Connects, options.connects_per_s_max, Used()},
        {Limit::AddressConnects, options.address_connects_per_s_max, Used()},
        {Limit::FailedConnects, options.address_failed_connects_per_min_max, Used()},
    };
    static_assert(std::size(all) == kLimitCount);
    std::vector<LimitView> views;
    for (const auto& [limit, value, used] : all) {
        LimitCount count = totals.limits[static_cast<std::size_t>(limit)];
        if (limit == Limit::Topics) {
            count.reached_count = totals.topics_evicted;
        }
        views.push_back({.limit = limit, .value = value, .used = used, .count = count});
    }
    return views;
}

BrokerShard& Broker::shard(ShardId id) {
    return *impl_->shards.at(id.value());
}

void Broker::on_committed(ShardId shard, storage::CommitTicket through) {
    impl_->parts.shards[shard.value()]->post_completion(
        runtime::make_mail([broker = impl_->shards[shard.value()].get(), through](runtime::Shard&) {
            broker->on_committed(through);
        }));
}

void Broker::on_queue_read(ShardId shard, storage::QueuePart part) {
    impl_->parts.shards[shard.value()]->post_completion(
        runtime::make_mail([broker = impl_->shards[shard.value()].get(), read = std::move(part)](
                               runtime::Shard&) { broker->on_queue_read(read); }));
}

void Broker::on_store_state(storage::StoreState state, const Error& reason) {
    impl_->parts.shards.front()->post_completion(
        runtime::make_mail([watch = impl_->store_watch.get(), state, reason](runtime::Shard&) {
            watch->on_state(state, reason.text);
        }));
}

}  // namespace kith::broker

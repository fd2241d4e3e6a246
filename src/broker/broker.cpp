#include "broker/broker.h"

#include "broker/detail/recovery.h"
#include "broker/detail/shard_broker.h"
#include "broker/detail/sys_topics.h"

namespace kith::broker {

struct Broker::Impl {
    Impl(const BrokerOptions& options, std::size_t shard_count) : node(options, shard_count) {}

    NodeShared node;
    BrokerParts parts;
    std::vector<std::unique_ptr<ShardBroker>> shards;
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
    for (std::size_t i = 0; i < parts.shards.size(); ++i) {
        impl_->shards.push_back(
            std::make_unique<ShardBroker>(*parts.shards[i], impl_->node,
                                          ShardPorts{.authenticator = *parts.authenticators[i],
                                                     .authorizer = *parts.authorizers[i],
                                                     .events = *parts.events[i]}));
        impl_->node.shards.push_back(impl_->shards.back().get());
    }
}

Broker::~Broker() = default;

Status Broker::recover(storage::MessageStore& store) {
    Recovery recovery(impl_->node, impl_->parts.shards.front()->wall_now());
    TRY(store.recover(recovery));
    recovery.finish();
    impl_->node.last_message_id = store.last_message_id().value();
    impl_->node.last_session_id = store.last_session_id().value();
    const RecoveryCounts& counts = recovery.counts();
    LOG(impl_->parts.shards.front()->log(), Info, "store recovered", {"sessions", counts.sessions},
        {"subscriptions", counts.subscriptions}, {"messages", counts.messages},
        {"deliveries", counts.deliveries}, {"retained", counts.retained});
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
    impl_->sys_topics = std::make_unique<SysTopics>(impl_->shards.front()->context());
    impl_->parts.shards.front()->post_completion(runtime::make_mail(
        [sys_topics = impl_->sys_topics.get()](runtime::Shard&) { sys_topics->start(); }));
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

void Broker::on_store_state(storage::StoreState state, const Error& reason) {
    impl_->parts.shards.front()->post_completion(runtime::make_mail(
        [broker = impl_->shards.front().get(), state, reason](runtime::Shard& shard) {
            const bool is_degraded = state == storage::StoreState::Degraded;
            broker->context().events.on_event(
                {.kind = is_degraded ? EventKind::StoreDegraded : EventKind::StoreHealthy,
                 .at = shard.wall_now(),
                 .reason = is_degraded ? reason.text : "store writes again"});
        }));
}

}  // namespace kith::broker

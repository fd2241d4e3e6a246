#include "broker/detail/router.h"

#include <algorithm>
#include <bit>

#include "broker/detail/committer.h"
#include "broker/detail/delivery.h"
#include "broker/detail/far_side.h"
#include "broker/detail/hold_list.h"
#include "broker/detail/session.h"
#include "broker/detail/session_table.h"
#include "broker/detail/shard_broker.h"
#include "broker/detail/snapshot.h"
#include "broker/limits.h"

namespace kith::broker {
namespace {

std::uint64_t bit(ShardId shard) {
    return std::uint64_t{1} << shard.value();
}

/// Calls visit(ShardId) for each bit of `shards`, lowest first.
template <typename Visit>
void for_each_shard(std::uint64_t shards, Visit&& visit) {
    while (shards != 0) {
        visit(ShardId(static_cast<std::uint16_t>(std::countr_zero(shards))));
        shards &= shards - 1;
    }
}

/// The node's own statistics, and what it sees of the mesh, are made anew at every start.
bool is_volatile(bus::TopicName topic) {
    return topic.text().starts_with("$SYS/") || topic.text().starts_with("$mesh/");
}

/// The node's own events have a topic for each client and kind, seldom used twice: to remember it
/// would cost more than the client, and push topics of machines out.
bool is_remembered(const bus::Message& message) {
    return message.retain || !message.topic.text().starts_with("$events/");
}

}  // namespace

PublishResult Router::publish(const bus::Message& message, PublishOrigin origin) {
    origin.shard = context_.shard.id();
    if (context_.tracer.is_on() && message.trace == 0) [[unlikely]] {
        bus::Message marked = message;
        marked.trace = show_published(message);
        if (marked.trace != 0) {
            return publish(marked, origin);
        }
    }
    if (!is_remembered(message)) {
        TopicEntry passing;
        return coordinate(passing, message, origin);
    }
    TopicSpace& space = context_.space(message.tenant);
    TopicEntry* known = message.retain
                            ? &space.topics.at(message.topic.text(), message.publisher)
                            : space.topics.at_if_allowed(message.topic.text(), message.publisher);
    if (known == nullptr) [[unlikely]] {
        return publish_passing(message, origin);
    }
    TopicEntry& entry = *known;
    space.topics.record(entry, message);
    const bool needs_order = message.retain || entry.routed_in_flight > 0;
    if (needs_order && entry.owner != context_.shard.id()) {
        return send_to_owner(entry, message, origin);
    }
    return coordinate(entry, message, origin);
}

/// To those who look: what the node publishes, on behalf of a client or of itself. Clients show
/// theirs before they come here.
std::uint16_t Router::show_published(const bus::Message& message) {
    const Session* owner = context_.sessions->find(message.publisher);
    return owner == nullptr ? context_.tracer.published({}, message, {}, "published by the node")
                            : context_.tracer.published(owner->client_id(), message, {},
                                                        "published as its will");
}

/// Of a client with more topics than are remembered for one.
PublishResult Router::publish_passing(const bus::Message& message, const PublishOrigin& origin) {
    note_limit(Limit::ClientTopics, message.publisher);
    TopicEntry passing;
    const PublishResult result = coordinate(passing, message, origin);
    context_.space(message.tenant).topics.note_passing(passing);
    return result;
}

void Router::publish(const bus::Message& message, Done done) {
    if (done) {
        publish(message, PublishOrigin{}, std::move(done));
    } else {
        publish(message, PublishOrigin{});
    }
}

void Router::publish(const bus::Message& message, PublishOrigin origin, Done done) {
    origin.shard = context_.shard.id();
    do {
        origin.ticket = ++last_ticket_;
    } while (origin.ticket == 0 || tickets_.contains(origin.ticket));
    tickets_.emplace(origin.ticket, std::move(done));
    const PublishResult result = publish(message, origin);
    if (result.is_settled) {
        on_settled_record(origin, result.settlement, result.receiver_count);
    }
}

PublishResult Router::send_to_owner(TopicEntry& entry, const bus::Message& message,
                                    PublishOrigin origin) {
    ++entry.routed_in_flight;
    origin.routed_topic = &entry;
    if (entry.fenced.empty() && !is_fenced(entry)) {
        entry.straight_shards = 0;
        post_route(entry, message, origin);
    } else {
        if (entry.fenced.empty()) {
            fenced_.push_back(&entry);
        }
        entry.fenced.push_back({.message = StoredMessage::create(message, MessageId{}),
                                .audience = KeptAudience(message.audience),
                                .origin = origin});
        if (entry.fenced.size() > kFencedMessagesMax) {
            context_.holds->note(Congestion::Backlog);  // ends by itself: nothing may be dropped
        }
    }
    return {.is_settled = !origin.wants_settlement(), .receiver_count = 1};
}

void Router::post_route(const TopicEntry& entry, const bus::Message& message,
                        const PublishOrigin& origin) {
    ShardLink& link = link_to(entry.owner);
    link.append_message({.kind = RecordKind::Route, .origin = origin}, message);
    if (link.is_congested()) {
        context_.holds->note(Congestion::Backlog);
    }
}

/// Messages that went straight may still be on their way to others than the owner, where one that
/// goes by way of the owner could overtake them.
bool Router::is_fenced(const TopicEntry& entry) const {
    return !is_read(entry.straight_shards & ~bit(entry.owner), entry.straight_flush);
}

void Router::check_fences() {
    std::erase_if(fenced_, [this](TopicEntry* entry) {
        if (is_fenced(*entry)) {
            return false;
        }
        for (const TopicEntry::Fenced& each : entry->fenced) {
            bus::Message message = each.message->view();
            message.audience = each.audience.view();
            post_route(*entry, message, each.origin);
        }
        entry->fenced = {};
        entry->straight_shards = 0;
        return true;
    });
}

PublishResult Router::coordinate(TopicEntry& entry, const bus::Message& message,
                                 const PublishOrigin& origin) {
    const Route& route = fresh_route(entry, message);
    if (context_.tracer.is_on()) [[unlikely]] {
        context_.tracer.matched(message, route);
    }
    auto retained = RetainedStore::Change::Nothing;
    const bool is_retained = message.retain && message.audience.keeps_retained;
    if (is_retained) {
        retained = context_.space(message.tenant).retained.set(message, context_.message_now());
        context_.snapshots->forget_expired();
        if (retained == RetainedStore::Change::TooMany ||
            retained == RetainedStore::Change::TooManyBytes) {
            note_retained_full(message, retained == RetainedStore::Change::TooMany
                                            ? Limit::RetainedMessages
                                            : Limit::RetainedBytes);
            context_.tracer.step(TraceStage::Drop, {}, message,
                                 "as many retained messages as allowed");
            return {.settlement = Settlement::Refused};
        }
    }
    const bool is_kept = is_retained && !is_volatile(message.topic);
    if (is_kept) {
        store_retained(message, retained);
    }
    const bool is_for_others = is_retained && !message.audience.is_from_mesh &&
                               context_.far_side != nullptr &&
                               context_.far_side->keeps_for_all(message);
    const bool is_durable = message.qos != Qos::AtMostOnce && (route.is_durable() || is_for_others);
    // Also when it has changed nothing: an earlier message's change may not be on disk yet.
    const bool needs_commit = is_durable || (is_kept && origin.wants_settlement());
    const MessageId id = needs_commit ? context_.node.next_message_id() : MessageId{};

    Routing routing =
        context_.delivery->begin(message, is_durable ? id : MessageId{}, context_.shard.id());
    context_.delivery->to_route(route, routing);
    const std::uint64_t shards = route.shards;
    const std::uint64_t durable_shards = is_durable ? route.durable_shards : 0;
    forward(durable_shards,
            {.kind = RecordKind::Deliver, .id = id, .coordinator = context_.shard.id()}, message);
    forward(shards & ~durable_shards, {.kind = RecordKind::Deliver}, message);
    entry.straight_shards |= shards;
    entry.straight_flush = flush_;

    std::uint32_t receiver_count = routing.receiver_count;
    if (shards != 0) {
        receiver_count += static_cast<std::uint32_t>(std::popcount(shards));  // a call
    }
    // What the node says of itself is not a message that anybody misses.
    const bool is_nodes_own = message.publisher == SessionId() && !origin.wants_settlement();
    if (receiver_count == 0 && !is_nodes_own) {
        ++context_.counters.dropped_no_receiver;
    }
    if (receiver_count == 0 && context_.tracer.is_on()) [[unlikely]] {
        context_.tracer.step(TraceStage::Drop, {}, message,
                             route.empty() ? "no subscription matches" : "no subscriber takes it");
    }
    if ((is_kept || is_durable) && context_.store.is_congested()) {
        context_.holds->note(Congestion::Backlog);
    }
    if (!needs_commit) {
        return {.receiver_count = receiver_count};
    }
    context_.committer->begin(id, routing,
                              {.origin = origin,
                               .durable_shards = durable_shards,
                               .receiver_count = receiver_count,
                               .move = std::nullopt});
    return {.is_settled = !origin.wants_settlement(), .receiver_count = receiver_count};
}

/// This shard has looked for what has expired; now the others do, for whoever comes next.
void Router::note_retained_full(const bus::Message& message, Limit limit) {
    constexpr Duration kSweepInterval = 10s;
    ++context_.counters.refused_retained_full;
    note_limit(limit, message.publisher);
    if (context_.shard.now() < next_retained_sweep_) {
        return;
    }
    next_retained_sweep_ = context_.shard.now() + kSweepInterval;
    for (std::uint16_t i = 0; i < context_.shard.shard_count(); ++i) {
        if (ShardId(i) != context_.shard.id()) {
            context_.shard.post(ShardId(i), [node = &context_.node, i](runtime::Shard&) {
                ShardContext& context = node->shards[i]->context();
                static_cast<void>(
                    context.space(kDefaultTenant).retained.all(context.message_now()));
                context.snapshots->forget_expired();
            });
        }
    }
}

void Router::note_limit(Limit limit, SessionId session) {
    const Session* known = context_.sessions->find(session);
    const std::string_view client_id = known == nullptr ? std::string_view() : known->client_id();
    context_.limit_log.reached(limit, {.client_id = client_id, .address = {}});
}

void Router::store_retained(const bus::Message& message, RetainedStore::Change change) {
    if (change == RetainedStore::Change::Cleared) {
        context_.store.batch().delete_retained(message.tenant, message.topic.text());
    } else if (change == RetainedStore::Change::Stored) {
        context_.store.batch().put_retained({.tenant = message.tenant,
                                             .topic = message.topic.text(),
                                             .payload = message.payload,
                                             .properties = message.properties,
                                             .qos = message.qos,
                                             .published_at = message.published_at,
                                             .expires_at = context_.to_wall(message.expires_at)});
    }
}

void Router::settle(const PublishOrigin& origin, Settlement settlement,
                    std::uint32_t receiver_count) {
    if (!origin.wants_settlement()) {
        return;
    }
    if (origin.shard != context_.shard.id()) {
        link_to(origin.shard).append_settled(origin, settlement, receiver_count);
        return;
    }
    on_settled_record(origin, settlement, receiver_count);
}

const Route& Router::fresh_route(const bus::Message& message, std::optional<Route>& scratch) {
    TopicSpace& space = context_.space(message.tenant);
    TopicEntry* known = space.topics.at_if_allowed(message.topic.text(), message.publisher);
    if (known != nullptr) [[likely]] {
        return fresh_route(*known, message);
    }
    space.index.resolve(message.topic, scratch.emplace());
    return *scratch;
}

const Route& Router::fresh_route(TopicEntry& entry, const bus::Message& message) {
    SubscriptionIndex& index = context_.space(message.tenant).index;
    if (entry.route_generation != index.generation()) [[unlikely]] {
        if (entry.route == nullptr) {
            entry.route = std::make_unique<Route>();
        }
        index.resolve(message.topic, *entry.route);
        entry.route_generation = index.generation();
        if (entry.route->empty()) {
            entry.route.reset();
        }
    }
    static const Route nobody;  // constant
    return entry.route == nullptr ? nobody : *entry.route;
}

void Router::forward(std::uint64_t shards, const MessageHeader& header,
                     const bus::Message& message) {
    for_each_shard(shards, [&](ShardId shard) { send(shard, header, message); });
}

void Router::send(ShardId shard, const MessageHeader& header, const bus::Message& message) {
    if (shard == context_.shard.id()) {
        on_message_record(shard, header, message);
        return;
    }
    ShardLink& link = link_to(shard);
    link.append_message(header, message);
    if (link.is_congested()) {
        context_.holds->note(Congestion::Backlog);
    }
}

void Router::send_rows(ShardId coordinator, const RowsHeader& header,
                       const std::vector<DeliveryRow>& rows) {
    if (coordinator == context_.shard.id()) {
        context_.committer->on_rows(coordinator, header, rows);
        return;
    }
    link_to(coordinator).append_rows(header, rows);
}

void Router::send_committed(std::uint64_t shards, MessageId id) {
    for_each_shard(shards, [&](ShardId shard) { link_to(shard).append_committed(id); });
}

void Router::on_message_record(ShardId from, const MessageHeader& header,
                               const bus::Message& message) {
    switch (header.kind) {
        case RecordKind::Deliver:
            context_.delivery->on_deliver(header, message);
            return;
        case RecordKind::Direct:
            context_.delivery->on_direct(header, message);
            return;
        case RecordKind::Snapshot:
            context_.snapshots->on_part(from, header, message);
            return;
        case RecordKind::Return:
            context_.delivery->on_return(header, message);
            return;
        case RecordKind::Route:
            route_for(from, header, message);
            return;
        case RecordKind::Rows:
        case RecordKind::Committed:
        case RecordKind::Settled:
        case RecordKind::RouteDone:
            break;
    }
    CHECK_TEXT(false, "not a message record");
}

/// This shard owns the topic of a message published elsewhere.
void Router::route_for(ShardId from, const MessageHeader& header, const bus::Message& message) {
    TopicEntry& entry =
        context_.space(message.tenant).topics.at(message.topic.text(), message.publisher);
    if (entry.owner != context_.shard.id()) {  // it was this one's when the message set out
        send_to_owner(entry, message, header.origin);
        link_to(from).append_route_done(header.origin.routed_topic);
        return;
    }
    entry.straight_shards = 0;
    const PublishResult result = coordinate(entry, message, header.origin);
    if (result.is_settled) {
        settle(header.origin, result.settlement, result.receiver_count);
    }
    // The origin itself reads RouteDone behind the message, on the same link.
    route_marks_.push_back({.origin = from,
                            .routed_topic = header.origin.routed_topic,
                            .shards = entry.straight_shards & ~bit(from),
                            .flush = flush_});
    check_route_marks();
}

/// In order: a mark whose message has been read everywhere lets its origin go straight again.
void Router::check_route_marks() {
    while (!route_marks_.empty() &&
           is_read(route_marks_.front().shards, route_marks_.front().flush)) {
        const RouteMark& mark = route_marks_.front();
        link_to(mark.origin).append_route_done(mark.routed_topic);
        route_marks_.pop_front();
    }
}

bool Router::is_read(std::uint64_t shards, std::uint64_t flush) const {
    bool is_read = true;
    for_each_shard(shards, [&](ShardId shard) {
        const ShardLink& link = context_.links[shard.value()];
        is_read &= link.is_read_through(flush) && (flush < flush_ || !link.has_records());
    });
    return is_read;
}

void Router::on_rows_record(ShardId from, const RowsHeader& header, std::vector<DeliveryRow> rows) {
    context_.committer->on_rows(from, header, std::move(rows));
}

void Router::on_committed_record(MessageId id) {
    context_.committer->show(id);
}

void Router::on_settled_record(const PublishOrigin& origin, Settlement settlement,
                               std::uint32_t receiver_count) {
    if (origin.ticket == 0) {
        context_.sessions->on_settled(origin, settlement, receiver_count);
        return;
    }
    if (const auto found = tickets_.find(origin.ticket); found != tickets_.end()) {
        const auto done = std::move(found->second);
        tickets_.erase(found);
        done({.is_refused = settlement == Settlement::Refused,
              .is_durable = settlement == Settlement::Durable,
              .receiver_count = receiver_count});
    }
}

void Router::on_route_done_record(TopicEntry* routed_topic) {
    CHECK(routed_topic->routed_in_flight > 0);
    --routed_topic->routed_in_flight;
}

void Router::on_link_mail_done(ShardId from, std::vector<std::uint8_t> buffer) {
    kept_credits_.emplace_back(from, std::move(buffer));
    // Receivers here that cannot take more hold back the shards that feed them.
    if (const Congestion met = context_.holds->take_noted(); met != Congestion::None) {
        context_.holds->hold_credits(met);
        return;
    }
    release_credits();
}

void Router::release_credits() {
    if (context_.store.is_congested() || is_far_side_congested()) {
        if (!kept_credits_.empty()) {
            context_.holds->hold_credits(Congestion::Backlog);
        }
        return;
    }
    for (auto& [from, buffer] : kept_credits_) {
        context_.shard.post(from, [node = &context_.node, to = from, by = context_.shard.id(),
                                   credit = std::move(buffer)](runtime::Shard&) mutable {
            node->shards[to.value()]->router().on_credit(by, std::move(credit));
        });
    }
    kept_credits_.clear();
}

void Router::on_credit(ShardId from, std::vector<std::uint8_t> buffer) {
    ShardLink& link = context_.links[from.value()];
    const bool was_congested = link.is_congested();
    link.give_back(std::move(buffer));
    check_route_marks();
    const bool was_fenced = !fenced_.empty();
    check_fences();
    if ((was_congested && !link.is_congested()) || (was_fenced && fenced_.empty())) {
        context_.holds->release();
    }
}

bool Router::is_far_side_congested() const {
    return context_.far_side != nullptr && context_.far_side->is_congested();
}

bool Router::is_backlogged() const {
    const auto is_full = [](const TopicEntry* entry) {
        return entry->fenced.size() > kFencedMessagesMax;
    };
    return context_.store.is_congested() || is_far_side_congested() ||
           std::ranges::any_of(context_.links, &ShardLink::is_congested) ||
           std::ranges::any_of(fenced_, is_full);
}

ShardLink& Router::link_to(ShardId shard) {
    CHECK(shard != context_.shard.id());
    context_.shard.flush_later(flush_task_);
    return context_.links[shard.value()];
}

void Router::post_links() {
    for (std::uint16_t i = 0; i < context_.links.size(); ++i) {
        ShardLink& link = context_.links[i];
        if (!link.has_records()) {
            continue;
        }
        context_.shard.post(ShardId(i), [node = &context_.node, to = i, from = context_.shard.id(),
                                         records = link.take(flush_)](runtime::Shard&) mutable {
            read_records(from, std::move(records), node->shards[to]->router());
        });
    }
    ++flush_;
}

}  // namespace kith::broker

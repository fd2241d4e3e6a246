#include "broker/detail/router.h"

#include <algorithm>
#include <bit>

#include "base/narrow.h"
#include "broker/detail/connection.h"
#include "broker/detail/hold_list.h"
#include "broker/detail/session.h"
#include "broker/detail/session_table.h"
#include "broker/detail/shard_broker.h"
#include "broker/detail/share_group.h"
#include "broker/detail/snapshot.h"

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

/// The node's own statistics are made anew at every start.
bool is_volatile(bus::TopicName topic) {
    return topic.text().starts_with("$SYS/");
}

}  // namespace

PublishResult Router::publish(const bus::Message& message, PublishOrigin origin) {
    origin.shard = context_.shard.id();
    TopicSpace& space = context_.space(message.tenant);
    TopicEntry& entry = space.topics.at(message.topic.text());
    space.topics.record(entry, message);
    const bool needs_order = message.retain || entry.routed_in_flight > 0;
    if (needs_order && entry.owner != context_.shard.id()) {
        return send_to_owner(entry, message, origin);
    }
    return coordinate(message, origin, nullptr);
}

void Router::publish(const bus::Message& message,
                     std::function<void(const bus::PublishOutcome&)> done) {
    PublishOrigin origin;
    if (!done) {
        publish(message, origin);
        return;
    }
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
    ShardLink& link = context_.links[entry.owner.value()];
    link.append_message({.kind = RecordKind::Route, .origin = origin}, message);
    flush_links();
    if (link.is_congested()) {
        note_congestion();
    }
    return {.is_settled = !origin.wants_settlement(), .receiver_count = 1};
}

PublishResult Router::coordinate(const bus::Message& message, const PublishOrigin& origin,
                                 std::uint64_t* reached_shards) {
    TopicSpace& space = context_.space(message.tenant);
    TopicEntry& entry = space.topics.at(message.topic.text());
    const Route& route = fresh_route(entry, message);
    auto retained = RetainedStore::Change::Nothing;
    if (message.retain) {
        retained = space.retained.set(message);
        if (retained == RetainedStore::Change::Refused) {
            ++context_.counters.refused_retained_full;
            return {.settlement = Settlement::Refused};
        }
    }
    const bool stores_retained =
        retained != RetainedStore::Change::Nothing && !is_volatile(message.topic);
    const bool is_durable = message.qos != Qos::AtMostOnce && route.is_durable();
    const bool needs_commit = is_durable || stores_retained;
    const MessageId id = needs_commit ? context_.node.next_message_id() : MessageId{};

    Routing routing{.message = message,
                    .id = is_durable ? id : MessageId{},
                    .fanout = Fanout(message, fanout_buffers_, context_.shard.wall_now())};
    deliver_local(route, routing);
    const std::uint64_t durable_shards = is_durable ? route.durable_shards : 0;
    const std::uint64_t shards = route.shards;
    routing.receiver_count +=
        forward(durable_shards, {.kind = RecordKind::Deliver, .id = id, .wants_rows = true},
                message) +
        forward(shards & ~durable_shards, {.kind = RecordKind::Deliver}, message);
    if (reached_shards != nullptr) {
        *reached_shards = shards;
    }
    if (routing.receiver_count == 0) {
        ++context_.counters.dropped_no_receiver;
    }
    const std::uint32_t receiver_count = routing.receiver_count;
    if (!needs_commit) {
        return {.receiver_count = receiver_count};
    }
    if (routing.stored == nullptr) {
        routing.stored = StoredMessage::create(message, id);
    }
    pending_.emplace(
        id, Pending{.origin = origin,
                    .stored = routing.stored,
                    .rows = std::move(routing.rows),
                    .missing_count = narrow<std::uint32_t>(std::popcount(durable_shards)),
                    .receiver_count = receiver_count,
                    .durable_shards = durable_shards,
                    .retained = stores_retained ? retained : RetainedStore::Change::Nothing});
    keep_uncommitted(routing);
    if (durable_shards == 0) {
        commit(id);
    }
    return {.is_settled = !origin.wants_settlement(), .receiver_count = receiver_count};
}

/// Everything that the message changes on disk, in one batch and so in one transaction.
void Router::commit(MessageId id) {
    const Pending& pending = pending_.at(id);
    const bus::Message message = pending.stored->view();
    storage::WriteBatch& batch = context_.store.batch();
    if (!pending.rows.empty()) {
        batch.put_message({.id = id,
                           .tenant = message.tenant,
                           .topic = message.topic.text(),
                           .payload = message.payload,
                           .properties = message.properties,
                           .qos = message.qos,
                           .published_at = message.published_at,
                           .expires_at = message.expires_at});
        for (const DeliveryRow& row : pending.rows) {
            batch.put_delivery(to_record(row, id));
        }
    }
    if (pending.origin.qos == Qos::ExactlyOnce && pending.origin.is_durable) {
        batch.put_inbound(pending.origin.session, pending.origin.packet_id);
    }
    if (pending.retained == RetainedStore::Change::Stored) {
        batch.put_retained({.tenant = message.tenant,
                            .topic = message.topic.text(),
                            .payload = message.payload,
                            .properties = message.properties,
                            .qos = message.qos,
                            .published_at = message.published_at,
                            .expires_at = message.expires_at});
    } else if (pending.retained == RetainedStore::Change::Cleared) {
        batch.delete_retained(message.tenant, message.topic.text());
    }
    context_.store.when_committed([this, id] { on_durable(id); });
}

void Router::on_durable(MessageId id) {
    const auto found = pending_.find(id);
    CHECK(found != pending_.end());
    const Pending pending = std::move(found->second);
    pending_.erase(found);
    show_committed(id);
    for_each_shard(pending.durable_shards, [&](ShardId shard) {
        context_.links[shard.value()].append_committed(id);
        flush_links();
    });
    settle(pending.origin, Settlement::Durable, pending.receiver_count);
}

/// The message is on disk: the durable sessions that queued it here may send it.
void Router::show_committed(MessageId id) {
    const auto found = uncommitted_.find(id);
    if (found == uncommitted_.end()) {
        return;
    }
    if (found->second.is_row_unassigned && assign_row(id, found->second)) {
        return;  // shown after one more commit
    }
    const Uncommitted uncommitted = std::move(found->second);
    uncommitted_.erase(found);
    uncommitted.stored->mark_committed();
    for (const SessionId session_id : uncommitted.awaiting) {
        Session* session = context_.sessions->find(session_id);
        if (session != nullptr && session->connection != nullptr) {
            session->connection->pump();
        }
    }
    for_each_shard(uncommitted.relay_shards, [&](ShardId shard) {
        context_.links[shard.value()].append_committed(id);
        flush_links();
    });
}

/// A QoS 2 message that a group on another shard chose this session for: its packet id must be on
/// disk before it is sent under it. False if there is nothing to write.
bool Router::assign_row(MessageId id, Uncommitted& uncommitted) {
    uncommitted.is_row_unassigned = false;
    bool is_written = false;
    for (const SessionId session_id : uncommitted.awaiting) {
        Session* session = context_.sessions->find(session_id);
        if (session == nullptr) {
            continue;
        }
        session->outbound.for_each([&](const OutboundItem& item) {
            if (item.message_id == id && item.qos == Qos::ExactlyOnce) {
                context_.store.batch().set_delivery(session_id, id, storage::DeliveryState::Queued,
                                                    item.packet_id());
                is_written = true;
            }
        });
    }
    if (is_written) {
        context_.store.when_committed([this, id] { show_committed(id); });
    }
    return is_written;
}

void Router::settle(const PublishOrigin& origin, Settlement settlement,
                    std::uint32_t receiver_count) {
    if (!origin.wants_settlement()) {
        return;
    }
    if (origin.shard != context_.shard.id()) {
        context_.links[origin.shard.value()].append_settled(origin, settlement, receiver_count);
        flush_links();
        return;
    }
    on_settled_record(origin, settlement, receiver_count);
}

const Route& Router::fresh_route(TopicEntry& entry, const bus::Message& message) {
    SubscriptionIndex& index = context_.space(message.tenant).index;
    if (entry.route.generation != index.generation()) [[unlikely]] {
        index.resolve(message.topic, entry.route);
    }
    return entry.route;
}

void Router::deliver_local(const Route& route, Routing& routing) {
    const bus::Message& message = routing.message;
    for (const Target& target : route.targets) {
        const bool is_own = target.session->id() == message.publisher;
        if (is_own && !target.receives_own) {
            continue;  // No Local [MQTT-3.8.3-3]
        }
        const Qos maximum = is_own ? target.own_maximum_qos : target.maximum_qos;
        const std::size_t identifier_count =
            is_own ? target.own_identifier_count : target.identifier_count;
        ++routing.receiver_count;
        deliver(*target.session, std::min(message.qos, maximum),
                message.retain && target.retain_as_published,
                std::span(route.identifiers).subspan(target.identifiers_begin, identifier_count),
                routing);
    }
    for (ShareGroup* group : route.groups) {
        deliver_to_group(*group, routing);
    }
    for (bus::Subscriber* tap : route.taps) {
        ++routing.receiver_count;
        tap->on_message(message);
    }
}

void Router::deliver_to_group(ShareGroup& group, Routing& routing) {
    const ShareMember* member = group.pick();
    if (member == nullptr) {
        return;
    }
    const bus::Message& message = routing.message;
    ++routing.receiver_count;
    const std::span<const std::uint32_t> identifiers(&member->identifier,
                                                     member->identifier != 0 ? 1 : 0);
    const Qos granted = std::min(message.qos, member->options.maximum_qos());
    const bool retain = message.retain && member->options.retain_as_published();
    if (member->shard == context_.shard.id()) {
        if (Session* session = context_.sessions->find(member->session); session != nullptr) {
            deliver(*session, granted, retain, identifiers, routing);
        }
        return;
    }
    const bool needs_row =
        routing.id.value() != 0 && member->is_durable && granted != Qos::AtMostOnce;
    if (needs_row) {
        // The member's shard gives it a packet id; the row goes to disk without one.
        routing.rows.push_back({.session = member->session,
                                .qos = granted,
                                .retain = retain,
                                .packet_id = PacketId{},
                                .identifiers = encode_identifiers(identifiers)});
        routing.relay_shards |= bit(member->shard);
        if (routing.stored == nullptr) {
            routing.stored = StoredMessage::create(message, routing.id);
        }
    }
    forward(bit(member->shard),
            {.kind = RecordKind::Direct,
             .id = needs_row ? routing.id : MessageId{},
             .session = member->session,
             .identifier = member->identifier,
             .options = member->options,
             .is_row_unassigned = needs_row},
            message);
}

void Router::deliver(Session& session, Qos granted, bool retain,
                     std::span<const std::uint32_t> identifiers, Routing& routing) {
    if (granted != Qos::AtMostOnce) {
        enqueue(session, granted, retain, identifiers, routing);
        return;
    }
    if (session.connection == nullptr) {
        return;  // QoS 0 is for who is there
    }
    session.connection->send_qos0(routing.message, routing.fanout, retain, identifiers);
}

void Router::enqueue(Session& session, Qos granted, bool retain,
                     std::span<const std::uint32_t> identifiers, Routing& routing) {
    if (routing.stored == nullptr) {
        routing.stored = StoredMessage::create(routing.message, routing.id);
    }
    const BrokerOptions& options = context_.options();
    if (!session.outbound.has_room({.message_count_max = options.session_queue_messages_max,
                                    .bytes_max = options.session_queue_bytes_max},
                                   routing.stored->size_bytes())) {
        ++session.traffic.dropped;
        ++context_.counters.dropped_queue_full;
        if (session.connection != nullptr && session.connection->may_hold_publishers()) {
            note_congestion();
        }
        return;
    }
    OutboundItem item;
    item.message = routing.stored;
    item.subscription_identifiers.assign(identifiers.begin(), identifiers.end());
    item.qos = granted;
    item.retain = retain;
    item.awaits_commit = session.is_durable() && routing.id.value() != 0;
    const OutboundItem& queued = session.outbound.push(std::move(item));
    ++context_.counters.queued_messages;
    context_.counters.queued_bytes += routing.stored->size_bytes();
    if (queued.awaits_commit) {
        routing.rows.push_back({.session = session.id(),
                                .qos = granted,
                                .retain = retain,
                                .packet_id = queued.packet_id(),
                                .identifiers = encode_identifiers(identifiers)});
        routing.awaiting.push_back(session.id());
        return;  // sent when it is on disk
    }
    if (session.connection != nullptr) {
        session.connection->pump();
    }
}

std::uint32_t Router::forward(std::uint64_t shards, const MessageHeader& header,
                              const bus::Message& message) {
    std::uint32_t count = 0;
    for_each_shard(shards, [&](ShardId shard) {
        ShardLink& link = context_.links[shard.value()];
        link.append_message(header, message);
        flush_links();
        if (link.is_congested()) {
            note_congestion();
        }
        ++count;
    });
    return count;
}

void Router::keep_uncommitted(Routing& routing) {
    if (routing.awaiting.empty() && routing.relay_shards == 0) {
        return;
    }
    uncommitted_.emplace(routing.id, Uncommitted{.stored = routing.stored,
                                                 .awaiting = std::move(routing.awaiting),
                                                 .relay_shards = routing.relay_shards,
                                                 .is_row_unassigned = routing.is_row_unassigned});
}

void Router::on_message_record(ShardId from, const MessageHeader& header,
                               const bus::Message& message) {
    switch (header.kind) {
        case RecordKind::Deliver:
            deliver_for(from, header, message);
            return;
        case RecordKind::Direct:
            deliver_direct(header, message);
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

/// Another shard coordinates; this one has receivers.
void Router::deliver_for(ShardId from, const MessageHeader& header, const bus::Message& message) {
    TopicEntry& entry = context_.space(message.tenant).topics.at(message.topic.text());
    const Route& route = fresh_route(entry, message);
    Routing routing{.message = message,
                    .id = header.id,
                    .fanout = Fanout(message, fanout_buffers_, context_.shard.wall_now())};
    deliver_local(route, routing);
    if (header.wants_rows) {
        context_.links[from.value()].append_rows(header.id, routing.rows);
        flush_links();
    }
    keep_uncommitted(routing);
}

/// This shard owns the topic of a message published elsewhere.
void Router::route_for(ShardId from, const MessageHeader& header, const bus::Message& message) {
    std::uint64_t reached_shards = 0;
    const PublishResult result = coordinate(message, header.origin, &reached_shards);
    if (result.is_settled) {
        settle(header.origin, result.settlement, result.receiver_count);
    }
    RouteMark mark{.origin = from, .routed_topic = header.origin.routed_topic, .posted = {}};
    for_each_shard(reached_shards & ~bit(from), [&](ShardId shard) {
        mark.posted.emplace_back(shard, context_.links[shard.value()].posted_count() + 1);
    });
    route_marks_.push_back(std::move(mark));
    check_route_marks();
}

/// In order: a mark whose links have all been read lets its origin go straight again.
void Router::check_route_marks() {
    while (!route_marks_.empty()) {
        const RouteMark& mark = route_marks_.front();
        const bool is_read = std::ranges::all_of(mark.posted, [this](const auto& posted) {
            return context_.links[posted.first.value()].returned_count() >= posted.second;
        });
        if (!is_read) {
            return;
        }
        context_.links[mark.origin.value()].append_route_done(mark.routed_topic);
        flush_links();
        route_marks_.pop_front();
    }
}

void Router::deliver_direct(const MessageHeader& header, const bus::Message& message) {
    Session* session = context_.sessions->find(header.session);
    if (header.snapshot != 0) {
        context_.snapshots->deliver_chunk_part(session, header, message);
        return;
    }
    if (session == nullptr) {
        return;  // the group hears of it by itself
    }
    Routing routing{.message = message,
                    .id = header.id,
                    .fanout = Fanout(message, fanout_buffers_, context_.shard.wall_now()),
                    .is_row_unassigned = header.is_row_unassigned};
    const std::span<const std::uint32_t> identifiers(&header.identifier,
                                                     header.identifier != 0 ? 1 : 0);
    deliver(*session, std::min(message.qos, header.options.maximum_qos()),
            message.retain && header.options.retain_as_published(), identifiers, routing);
    keep_uncommitted(routing);
}

void Router::deliver_retained(Session& session, const MessageHeader& header,
                              const bus::Message& message) {
    if (header.options.no_local() && message.publisher == session.id()) {
        return;
    }
    const Qos granted = std::min(message.qos, header.options.maximum_qos());
    const bool is_durable = granted != Qos::AtMostOnce && session.is_durable();
    Routing routing{.message = message,
                    .id = is_durable ? context_.node.next_message_id() : MessageId{},
                    .fanout = Fanout(message, fanout_buffers_, context_.shard.wall_now())};
    const std::span<const std::uint32_t> identifiers(&header.identifier,
                                                     header.identifier != 0 ? 1 : 0);
    deliver(session, granted, true, identifiers, routing);
    if (routing.rows.empty()) {
        return;
    }
    const MessageId id = routing.id;
    pending_.emplace(id, Pending{.stored = routing.stored, .rows = std::move(routing.rows)});
    keep_uncommitted(routing);
    commit(id);
}

void Router::on_rows_record(MessageId id, std::vector<DeliveryRow> rows) {
    Pending& pending = pending_.at(id);
    CHECK(pending.missing_count > 0);
    std::ranges::move(rows, std::back_inserter(pending.rows));
    if (--pending.missing_count == 0) {
        commit(id);
    }
}

void Router::on_committed_record(MessageId id) {
    show_committed(id);
}

void Router::on_settled_record(const PublishOrigin& origin, Settlement settlement,
                               std::uint32_t receiver_count) {
    if (origin.ticket == 0) {
        context_.sessions->on_settled(origin, settlement);
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
    if (take_congestion()) {
        context_.holds->arm();
        return;
    }
    release_credits();
}

void Router::release_credits() {
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
    if (was_congested && !link.is_congested()) {
        context_.holds->release();
    }
}

void Router::post_links() {
    for (std::uint16_t i = 0; i < context_.links.size(); ++i) {
        ShardLink& link = context_.links[i];
        if (!link.has_records()) {
            continue;
        }
        context_.shard.post(ShardId(i), [node = &context_.node, to = i, from = context_.shard.id(),
                                         records = link.take()](runtime::Shard&) mutable {
            read_records(from, std::move(records), node->shards[to]->router());
        });
    }
}

}  // namespace kith::broker

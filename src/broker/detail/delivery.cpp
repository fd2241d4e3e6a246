#include "broker/detail/delivery.h"

#include <algorithm>

#include "base/check.h"
#include "base/narrow.h"
#include "broker/detail/committer.h"
#include "broker/detail/connection.h"
#include "broker/detail/far_side.h"
#include "broker/detail/hold_list.h"
#include "broker/detail/queue_loader.h"
#include "broker/detail/router.h"
#include "broker/detail/session.h"
#include "broker/detail/session_moves.h"
#include "broker/detail/session_table.h"
#include "broker/detail/shard_link.h"
#include "broker/detail/slow_clients.h"
#include "broker/detail/subscriber.h"
#include "broker/limits.h"

namespace kith::broker {
namespace {

std::span<const std::uint32_t> identifier_span(const std::uint32_t& identifier) {
    return {&identifier, identifier != 0 ? 1U : 0U};
}

/// How far messages that were under way between shards may go beyond a full queue.
OutboundQueue::Limits overrun_limits(const BrokerOptions& options) {
    return {.message_count_max = options.session_queue_messages_max + kQueueOverrunMessagesMax,
            .bytes_max = options.session_queue_bytes_max + kLinkBytesMax};
}

}  // namespace

Routing Delivery::begin(const bus::Message& message, MessageId id, ShardId coordinator) {
    return {.message = message,
            .id = id,
            .coordinator = coordinator,
            .fanout = Fanout(message, fanout_buffers_, context_.message_now())};
}

/// The same for a message that another shard coordinates: it may have come here already, by way of
/// a group.
Routing Delivery::go_on(const bus::Message& message, const MessageHeader& header) {
    Routing routing = begin(message, header.id, header.coordinator);
    if (header.id.value() != 0) {
        routing.stored = context_.committer->find(header.id);
    }
    return routing;
}

void Delivery::on_deliver(const MessageHeader& header, const bus::Message& message) {
    std::optional<Route> scratch;
    const Route& route = context_.router->fresh_route(message, scratch);
    if (context_.tracer.is_on()) [[unlikely]] {
        context_.tracer.matched(message, route);
    }
    Routing routing = go_on(message, header);
    to_route(route, routing);
    report(routing, {.id = header.id, .relayed_count = routing.relayed_count});
}

void Delivery::to_route(const Route& route, Routing& routing) {
    const bus::Message& message = routing.message;
    if (message.audience.for_all) [[likely]] {
        to_targets(route, routing);
    }
    for (ShareGroup* group : route.groups) {
        if (!message.audience.has_group(group->mesh_id())) {
            continue;  // another node has a member of it that gets the message
        }
        switch (offer(*group, {}, routing)) {
            case Offered::Relayed:
                routing.relayed_count += routing.id.value() != 0 ? 1U : 0U;
                ++routing.receiver_count;
                break;
            case Offered::Taken:
                ++routing.receiver_count;
                break;
            case Offered::Refused:
                break;
        }
    }
    for (bus::Subscriber* tap : route.taps) {
        ++routing.receiver_count;
        tap->on_message(message);
    }
    const bool is_for_others = route.is_far || (message.retain && is_shared_by_all(routing));
    if (is_for_others && !message.audience.is_from_mesh) {
        context_.far_side->send(routing);
    }
    record_delay(routing);
}

/// A retained message that this shard has just put in order.
bool Delivery::is_shared_by_all(const Routing& routing) const {
    return context_.far_side != nullptr && routing.coordinator == context_.shard.id() &&
           context_.far_side->keeps_for_all(routing.message);
}

void Delivery::to_targets(const Route& route, Routing& routing) {
    const bus::Message& message = routing.message;
    for (const Target& target : route.targets) {
        const bool is_own = target.session->id() == message.publisher;
        if (is_own && !target.receives_own) {
            show_dropped(*target.session, message, "no local: it is its own message");
            if (target.session->is_watched) [[unlikely]] {
                (void)context_.moves->is_first(*target.session, routing);  // nor by another node
            }
            continue;  // No Local [MQTT-3.8.3-3]
        }
        const Qos maximum = is_own ? target.own_maximum_qos : target.maximum_qos;
        const std::size_t identifier_count =
            is_own ? target.own_identifier_count : target.identifier_count;
        ++routing.receiver_count;
        to_session(
            *target.session,
            {.qos = std::min(message.qos, maximum),  // [MQTT-3.8.4-8]
             .retain = message.retain && target.retain_as_published,
             .identifiers =
                 std::span(route.identifiers).subspan(target.identifiers_begin, identifier_count),
             .group = {}},
            routing);
    }
}

bool Delivery::to_session(Session& session, const Grant& grant, Routing& routing) {
    if (grant.qos == Qos::AtMostOnce) {
        if (session.connection == nullptr) {
            show_dropped(session, routing.message, "not connected, and QoS 0 is not kept");
            return false;  // QoS 0 is for who is there
        }
        session.connection->send_qos0(routing.message, routing.fanout,
                                      {.retain = grant.retain, .identifiers = grant.identifiers});
        ++routing.sent_count;
        return true;
    }
    // What comes for one that is about to leave again is sent behind it, and judged there.
    const bool is_judged = session.is_watched && !session.is_moving && grant.group.is_none();
    if (is_judged && !context_.moves->is_first(session, routing)) [[unlikely]] {
        return true;  // it has come through another node
    }
    if (session.is_gone && grant.group.is_none() && !context_.moves->may_forward(session, routing))
        [[unlikely]] {
        return true;  // it has gone to where the session is
    }
    if (routing.stored == nullptr) {
        routing.stored = StoredMessage::create(routing.message, routing.id);
    }
    const std::size_t size_bytes = routing.stored->size_bytes();
    // A group has other members for what one cannot take.
    if (!has_room(session, size_bytes) &&
        !(grant.group.is_none() && has_room_while_held(session, size_bytes))) {
        if (grant.group.is_none()) {
            count_dropped(session, routing);
        }
        return false;
    }
    if (session.is_durable() && routing.id.value() == 0) [[unlikely]] {
        enqueue_on_its_own(session, grant, routing.message);
    } else {
        enqueue(session, grant, routing);
    }
    return true;
}

void Delivery::count_dropped(Session& session, const Routing& routing) {
    ++session.traffic.dropped;
    const std::size_t bytes = session.outbound.window_bytes() + routing.stored->size_bytes();
    const LimitLog::Subject subject{.client_id = session.client_id(), .address = {}};
    if (!session.is_durable() && !context_.memory.allows(bytes)) {
        ++context_.counters.dropped_memory;
        context_.limit_log.reached(Limit::QueuedBytes, subject);
        show_dropped(session, routing.message, "the session's share of memory is full");
        return;
    }
    ++context_.counters.dropped_queue_full;
    context_.limit_log.reached(Limit::SessionQueue, subject);
    show_dropped(session, routing.message, "the queue of the session is full");
}

bool Delivery::has_room(Session& session, std::size_t bytes) {
    const BrokerOptions& options = context_.options();
    const OutboundQueue::Limits limits{.message_count_max = options.session_queue_messages_max,
                                       .bytes_max = options.session_queue_bytes_max};
    if (has_place(session, limits, bytes)) {
        return true;
    }
    if (session.outbound.is_spilling()) {
        context_.loader->sweep(session);
    }
    session.outbound.drop_expired(context_.message_now(), [&](OutboundItem& item) {
        ++context_.counters.dropped_expired;  // [MQTT-3.3.2-5]
        show_dropped(session, item.message->view(), "expired in the queue");
        context_.sessions->complete(session, item);
    });
    return has_place(session, limits, bytes);
}

/// A durable session has the disk for what is not to be in memory.
bool Delivery::has_place(const Session& session, const OutboundQueue::Limits& limits,
                         std::size_t bytes) {
    const bool has_share =
        session.is_durable() || (session.outbound.spans_less() &&
                                 context_.memory.allows(session.outbound.window_bytes() + bytes));
    return has_share && session.outbound.has_room(limits, bytes);
}

/// For what was under way when its publishers were stopped.
bool Delivery::has_room_while_held(const Session& session, std::size_t bytes) const {
    const std::size_t after = session.outbound.window_bytes() + bytes;
    const bool has_share =
        session.is_durable() || (!context_.memory.is_full() && session.outbound.spans_less() &&
                                 context_.memory.allows(after - std::min(after, kLinkBytesMax)));
    return holds_publishers(session) && has_share &&
           session.outbound.has_room(overrun_limits(context_.options()), bytes);
}

/// Its coordinator knew of no durable session: this one has come later, or takes over what a member
/// of its group without one has left. What is queued for it is on disk all the same.
void Delivery::enqueue_on_its_own(Session& session, const Grant& grant,
                                  const bus::Message& message) {
    const MessageId id = context_.node.next_message_id();
    Routing routing = begin(message, id, context_.shard.id());  // sends nothing itself
    routing.stored = StoredMessage::create(message, id);
    enqueue(session, grant, routing);
    CHECK(!routing.rows.empty());
    context_.committer->begin(id, routing, {});
}

void Delivery::enqueue(Session& session, const Grant& grant, Routing& routing) {
    const std::size_t size_bytes = routing.stored->size_bytes();
    const bool awaits_commit = session.is_durable() && routing.id.value() != 0;
    if (session.is_gone) [[unlikely]] {
        const std::uint64_t sequence =
            session.outbound.push_spilled(size_bytes, routing.stored->expires_at());
        note_queued(session, grant, {.sequence = sequence, .awaits_commit = true}, routing);
        return;  // another node counts it
    }
    ++context_.counters.queued_messages;
    context_.counters.queued_bytes += size_bytes;
    if (awaits_commit && must_spill(session, size_bytes)) {
        ++context_.counters.spilled_messages;
        context_.counters.spilled_bytes += size_bytes;
        ++context_.counters.spilled;
        const std::uint64_t sequence =
            session.outbound.push_spilled(size_bytes, routing.stored->expires_at());
        note_queued(session, grant, {.sequence = sequence, .awaits_commit = true}, routing);
        return;
    }
    OutboundItem item;
    item.message = routing.stored;
    item.subscription_identifiers.assign(grant.identifiers.begin(), grant.identifiers.end());
    item.group = grant.group;
    item.qos = grant.qos;
    item.retain = grant.retain;
    item.awaits_commit = awaits_commit;
    const OutboundItem& queued = session.outbound.push(std::move(item));
    context_.memory.add_item(queued.message.get());
    note_queued(session, grant, {.sequence = queued.sequence, .awaits_commit = awaits_commit},
                routing);
    if (!awaits_commit && session.connection != nullptr) {
        session.connection->pump();  // else it is sent when it is on disk
    }
}

void Delivery::show_dropped(const Session& session, const bus::Message& message,
                            const char* reason) {
    if (context_.tracer.is_on()) {
        context_.tracer.dropped(session, message, reason);
    }
}

/// What follows from a place in a queue: the row that goes to disk with the message.
void Delivery::note_queued(Session& session, const Grant& grant, const Place& place,
                           Routing& routing) {
    note_slow(session, grant.group);
    if (context_.tracer.is_on()) [[unlikely]] {
        context_.tracer.queued(session, routing.message,
                               {.packet_id = packet_id_of(place.sequence),
                                .ahead_count = session.outbound.message_count() - 1,
                                .awaits_commit = place.awaits_commit});
    }
    if (!place.awaits_commit) {
        return;
    }
    DeliveryRow& row = routing.rows.emplace_back();
    row.session = session.id();
    row.sequence = place.sequence;
    row.qos = grant.qos;
    row.retain = grant.retain;
    add_identifiers(row, session, grant, routing);
    routing.awaiting.push_back({.session = session.id(), .sequence = place.sequence});
}

/// With the name of the message where it may come in two ways.
void Delivery::add_identifiers(DeliveryRow& row, const Session& session, const Grant& grant,
                               const Routing& routing) const {
    const bool is_plain = !session.is_leaving() && !session.is_watched;
    if (is_plain) [[likely]] {
        row.identifiers = encode_identifiers(grant.identifiers);
        return;
    }
    // Of a group's message there is one copy, beside that of a subscription that is not shared.
    const bus::MessageSource source =
        grant.group.is_none() ? context_.moves->source_of(routing) : bus::MessageSource{};
    row.identifiers = encode_identifiers(grant.identifiers, source);
    if (!session.is_leaving() && source.number != 0) {
        row.name_place = narrow<std::uint32_t>(context_.moves->place_of(session, routing));
    }
}

/// Behind what is on disk only, and beyond what may be in memory.
bool Delivery::must_spill(const Session& session, std::size_t bytes) const {
    return session.is_moving || session.outbound.is_spilling() ||
           !session.outbound.fits_window(context_.loader->window_limits(session), bytes);
}

/// Its publishers wait a while for a client whose queue fills up, before messages are dropped; less
/// long if other members of its group may take them.
void Delivery::note_slow(Session& session, const GroupRef& group) {
    context_.subscriber->note_room(session);
    const BrokerOptions& options = context_.options();
    const bool is_filling =
        session.outbound.message_count() > options.session_queue_messages_max / 4 * 3 ||
        session.outbound.size_bytes() > options.session_queue_bytes_max / 4 * 3 ||
        !context_.memory.allows(session.outbound.size_bytes() / 3 * 4);
    if (!is_filling || session.connection == nullptr) [[likely]] {
        return;
    }
    if (!group.is_none()) {
        if (session.connection->may_hold_publishers(options.slow_consumer_hold)) {
            context_.slow_clients->note_hold(session);
            context_.holds->note(Congestion::Receiver);
        }
    } else if (holds_publishers(session)) {
        context_.slow_clients->note_hold(session);
        context_.holds->note(Congestion::Queue);
    }
}

/// True as long as publishers wait for this client, which would acknowledge and does not yet.
bool Delivery::holds_publishers(const Session& session) const {
    return session.connection != nullptr &&
           session.connection->may_hold_publishers(context_.options().full_queue_hold);
}

/// Offers the message to one member after the other, until one takes it or one elsewhere is asked.
Delivery::Offered Delivery::offer(ShareGroup& group, Offer offer, Routing& routing) {
    for (; offer.hop_count < kGroupHopsMax; ++offer.hop_count) {
        const ShareMember* member = group.pick(offer.except, offer.sleepers);
        if (member == nullptr) {
            return Offered::Refused;
        }
        if (member->shard != context_.shard.id()) {
            relay(*member, group, offer, routing);
            return Offered::Relayed;
        }
        Session* session = context_.sessions->find(member->session);
        const Grant grant{.qos = std::min(routing.message.qos, member->options.maximum_qos()),
                          .retain = routing.message.retain && member->options.retain_as_published(),
                          .identifiers = identifier_span(member->identifier),
                          .group = group.ref()};
        if (session != nullptr && to_session(*session, grant, routing)) {
            return Offered::Taken;
        }
        offer.except = member->session;
    }
    return Offered::Refused;
}

void Delivery::relay(const ShareMember& member, const ShareGroup& group, const Offer& offer,
                     const Routing& routing) {
    context_.router->send(member.shard,
                          {.kind = RecordKind::Direct,
                           .id = routing.id,
                           .coordinator = routing.coordinator,
                           .session = member.session,
                           .identifier = member.identifier,
                           .options = member.options,
                           .group = group.ref(),
                           .hop_count = offer.hop_count,
                           .may_sleep = offer.sleepers == ShareGroup::Sleepers::Allowed},
                          routing.message);
}

void Delivery::on_direct(const MessageHeader& header, const bus::Message& message) {
    Session* session = context_.sessions->find(header.session);
    Routing routing = go_on(message, header);
    const Grant grant{.qos = std::min(message.qos, header.options.maximum_qos()),
                      .retain = message.retain && header.options.retain_as_published(),
                      .identifiers = identifier_span(header.identifier),
                      .group = header.group};
    if (session == nullptr || !to_session(*session, grant, routing)) {
        MessageHeader back = header;
        back.kind = RecordKind::Return;
        ++back.hop_count;
        context_.router->send(header.group.owner, back, message);
        return;
    }
    record_delay(routing);
    report(routing, {.id = routing.id, .is_relayed = true});
}

void Delivery::on_return(const MessageHeader& header, const bus::Message& message) {
    Routing routing = go_on(message, header);
    ShareGroup* group = context_.subscriber->group(header.group.number);
    auto offered = Offered::Refused;
    if (group != nullptr) {
        offered = offer(*group,
                        {.except = header.session,
                         .hop_count = header.hop_count,
                         .sleepers = header.may_sleep ? ShareGroup::Sleepers::Allowed
                                                      : ShareGroup::Sleepers::Excluded},
                        routing);
    }
    if (offered == Offered::Relayed) {
        return;  // reports in its turn
    }
    if (offered == Offered::Refused && header.may_sleep) {
        ++context_.counters.dropped_no_receiver;
    }
    record_delay(routing);
    report(routing, {.id = routing.id, .is_relayed = true, .is_taken = offered == Offered::Taken});
}

void Delivery::to_one(Session& session, const bus::Message& message) {
    Route route;
    context_.space(message.tenant).index.resolve(message.topic, route);
    const auto target = std::ranges::find(route.targets, &session, &Target::session);
    if (target == route.targets.end()) {
        return;
    }
    Routing routing = begin(message, MessageId{}, context_.shard.id());
    to_session(session,
               {.qos = std::min(message.qos, target->maximum_qos),
                .identifiers = std::span(route.identifiers)
                                   .subspan(target->identifiers_begin, target->identifier_count),
                .group = {}},
               routing);
}

void Delivery::retained(Session& session, const MessageHeader& header,
                        const bus::Message& message) {
    if (header.options.no_local() && message.publisher == session.id()) {
        return;
    }
    const Qos granted = std::min(message.qos, header.options.maximum_qos());
    const bool is_durable = granted != Qos::AtMostOnce && session.is_durable();
    const MessageId id = is_durable ? context_.node.next_message_id() : MessageId{};
    Routing routing = begin(message, id, context_.shard.id());
    to_session(session,
               {.qos = granted,
                .retain = true,
                .identifiers = identifier_span(header.identifier),
                .group = {}},
               routing);
    if (!routing.rows.empty()) {
        context_.committer->begin(id, routing, {});
    }
}

void Delivery::forwarded(Session& session, const Grant& grant, const bus::Message& message) {
    const MessageId id = session.is_durable() ? context_.node.next_message_id() : MessageId{};
    Routing routing = begin(message, id, context_.shard.id());
    to_session(session, grant, routing);
    if (!routing.rows.empty()) {
        context_.committer->begin(id, routing, {});
    }
}

/// Tells the coordinator what this shard will have in its queues, and awaits the commit.
void Delivery::report(const Routing& routing, const RowsHeader& header) {
    if (routing.id.value() == 0) {
        return;
    }
    context_.committer->await(routing);
    context_.router->send_rows(routing.coordinator, header, routing.rows);
}

void Delivery::record_delay(const Routing& routing) {
    if (routing.sent_count > 0) {
        const std::int64_t delay_ms =
            (context_.shard.wall_now() - routing.message.published_at).count();
        context_.counters.delivery.record_us(
            static_cast<std::uint64_t>(std::max<std::int64_t>(delay_ms, 0)) * 1000,
            routing.sent_count);
    }
}

}  // namespace kith::broker

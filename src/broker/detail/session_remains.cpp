#include "broker/detail/session_remains.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "broker/detail/delivery.h"
#include "broker/detail/item_filler.h"
#include "broker/detail/queue_loader.h"
#include "broker/detail/session.h"
#include "broker/detail/session_table.h"
#include "broker/detail/subscriber.h"
#include "broker/limits.h"

namespace kith::broker {
namespace {

constexpr std::string_view kMarkPrefix = "sf";
constexpr std::size_t kMarkKeyBytes = 2 + 8 + 8;

std::vector<std::uint8_t> mark_key(bus::PeerId node, std::uint64_t number) {
    std::vector<std::uint8_t> key(kMarkKeyBytes);
    ByteWriter out(key);
    out.bytes(as_bytes(kMarkPrefix));
    out.u64(node.value());
    out.u64(number);
    return key;
}

}  // namespace

bool is_forward_mark(Bytes key) {
    return key.size() == kMarkKeyBytes && as_text(key).starts_with(kMarkPrefix);
}

struct SessionRemains::Remains {
    SessionNote note;
    bus::PeerId to;
    bool keeps_coming = false;  // its subscriptions are still there
    bool is_in_memory = true;   // its window is, until all of it is on disk
    bool is_reading = false;
    bool is_told = false;     // `batch` is
    bool is_settled = false;  // all nodes know the new owner, or those that can be reached
    bool is_restored = false;
    bool is_for_some = false;         // takes only what comes from those in `unsure`
    std::vector<bus::PeerId> away;    // could not be told, as the owner last said
    std::vector<bus::PeerId> unsure;  // may still send by old routes
    Instant began;
    Instant settled_at;
    Instant asked_at;
    Instant flushed_at;
    Instant told_at;
    Instant looked_at;
    std::uint64_t behind = 0;  // the batch goes up to here
    std::vector<std::uint8_t> batch;
    std::vector<std::pair<storage::DeliveryKey, std::uint32_t>> rows;  // of the batch, with sizes
};

SessionRemains::SessionRemains(ShardContext& context, SessionMoves& moves)
    : context_(context), moves_(moves) {}
SessionRemains::~SessionRemains() = default;

void SessionRemains::restore(const Session& session, const SessionNote& note) {
    auto remains = std::make_unique<Remains>();
    remains->note = note;
    remains->to = bus::PeerId(note.node);
    remains->keeps_coming = true;
    remains->is_restored = true;
    remains_[session.id()] = std::move(remains);
}

void SessionRemains::restore_mark(Bytes key, Bytes value) {
    ByteReader in(key.subspan(kMarkPrefix.size()));
    const bus::PeerId node(in.u64());
    const std::uint64_t number = in.u64();
    ByteReader place(value);
    taken_[{node, number}] = place.u64();
}

void SessionRemains::open() {
    for (const auto& [id, remains] : remains_) {
        if (Session* session = context_.sessions->find(id); session != nullptr) {
            remains->began = context_.shard.now();
            uncount(*session);
            empty_memory(*session, *remains);
        }
    }
}

void SessionRemains::add(Session& session, const SessionNote& note, bool keeps_coming) {
    auto remains = std::make_unique<Remains>();
    remains->note = note;
    remains->to = bus::PeerId(note.node);
    remains->keeps_coming = keeps_coming;
    remains->is_settled = !keeps_coming;
    remains->asked_at = context_.shard.now();
    remains->began = context_.shard.now();
    remains_[session.id()] = std::move(remains);
    uncount(session);
    if (!keeps_coming) {
        context_.subscriber->drop_all(session);
    }
    moves_.wake();
}

bool SessionRemains::has(const std::string& client_id, std::uint64_t epoch) const {
    return std::ranges::any_of(remains_, [&](const auto& entry) {
        const Session* session = context_.sessions->find(entry.first);
        return session != nullptr && session->client_id() == client_id &&
               entry.second->note.epoch > epoch;
    });
}

SessionNote SessionRemains::note_of(SessionId session) const {
    return remains_.at(session)->note;
}

/// Counts it no more: what is queued is on disk, and another node's business.
void SessionRemains::empty_memory(Session& session, Remains& remains) {
    session.outbound.for_each([&](const OutboundItem& item) {
        --context_.counters.queued_messages;
        context_.counters.queued_bytes -= item.message == nullptr ? 0 : item.message->size_bytes();
        context_.memory.remove_item(item.message.get());
        if (item.state == OutboundItem::State::Released) {
            context_.store.batch().delete_delivery({session.id(), item.sequence, item.message_id});
        }
    });
    session.outbound.abandon(remains.note.place);
    remains.is_in_memory = false;
}

/// The same of what is on disk alone: at once, for what comes from now on is not counted.
void SessionRemains::uncount(Session& session) {
    context_.loader->forget(session);
    if (Spill* spill = session.outbound.spill(); spill != nullptr) {
        spill->abandon(spill->from());
    }
}

void SessionRemains::on_tick(Instant now) {
    std::size_t under_way = 0;
    std::vector<SessionId> over;
    for (const auto& [id, remains] : remains_) {
        Session* session = context_.sessions->find(id);
        if (session == nullptr) {
            over.push_back(id);
            continue;
        }
        if (under_way < kMoveForwardsAtOnce) {
            go_on(*session, *remains, now);
        }
        under_way += remains->is_told || remains->is_reading ? 1U : 0U;
        const bool is_over = remains->is_settled && !remains->keeps_coming &&
                             !remains->is_in_memory && !remains->is_told && !remains->is_reading &&
                             session->outbound.spill()->is_over();
        if (is_over) {
            end(*session, *remains);
            over.push_back(id);
        } else if (now - remains->began >= kMoveRemainsLifetime) {
            context_.counters.dropped_no_receiver += session->outbound.message_count();
            end(*session, *remains);
            over.push_back(id);
        }
    }
    for (const SessionId id : over) {
        remains_.erase(id);
    }
}

void SessionRemains::go_on(Session& session, Remains& remains, Instant now) {
    if (remains.is_in_memory) {
        if (!session.outbound.is_quiet(session.outbound.next_sequence())) {
            return;
        }
        empty_memory(session, remains);
    }
    if (!remains.is_settled && now - remains.asked_at >= kMoveRepeatIdle) {
        remains.asked_at = now;
        moves_.tell(
            remains.to,
            {.kind = MoveKind::Ask, .epoch = remains.note.epoch, .client_id = session.client_id()});
    }
    if (remains.is_settled && remains.keeps_coming && now - remains.settled_at >= kMoveGrace) {
        go_on_with_routes(session, remains, now);
    }
    if (remains.is_told && now - remains.told_at >= kMoveRepeatIdle) {
        send(session, remains, now);
    } else if (!remains.is_told && !remains.is_reading) {
        read(session, remains);
    }
}

/// Nobody uses old routes any more but those who could not be told, or have not said that they have
/// sent all.
void SessionRemains::go_on_with_routes(Session& session, Remains& remains, Instant now) {
    if (remains.unsure.empty()) {
        remains.keeps_coming = false;
        context_.subscriber->drop_all(session);
        return;
    }
    remains.is_for_some = true;
    if (now - remains.flushed_at < kMoveFlushRepeat && remains.flushed_at != Instant()) {
        return;
    }
    remains.flushed_at = now;
    for (const bus::PeerId node : remains.unsure) {
        if (std::ranges::find(remains.away, node) == remains.away.end()) {
            moves_.tell(node, {.kind = MoveKind::Flush,
                               .epoch = remains.note.epoch,
                               .number = session.id().value(),
                               .client_id = session.client_id()});
        }
    }
    if (!remains.away.empty()) {
        find_owner(session.id(), std::string(session.client_id()));
        moves_.tell(
            remains.to,
            {.kind = MoveKind::Ask, .epoch = remains.note.epoch, .client_id = session.client_id()});
    }
}

bool SessionRemains::takes(SessionId session, bus::PeerId origin) const {
    const auto found = remains_.find(session);
    return found == remains_.end() || !found->second->is_for_some ||
           std::ranges::find(found->second->unsure, origin) != found->second->unsure.end();
}

void SessionRemains::on_back(const std::string& client_id) {
    for (const auto& [id, remains] : remains_) {
        const Session* session = context_.sessions->find(id);
        if (session != nullptr && session->client_id() == client_id) {
            remains->unsure.clear();
        }
    }
}

void SessionRemains::read(Session& session, Remains& remains) {
    const Spill& spill = *session.outbound.spill();
    if (!spill.has_readable()) {
        return;
    }
    remains.is_reading = true;
    context_.store.read_queue({.session = session.id(),
                               .from = spill.from(),
                               .behind = spill.readable_behind(),
                               .now = context_.shard.wall_now(),
                               .messages_max = kMoveBatchMessagesMax,
                               .bytes_max = kMovePartBytes,
                               .reader = kReader});
}

void SessionRemains::on_queue_read(const storage::QueuePart& part) {
    Session* session = context_.sessions->find(part.read.session);
    const auto found = remains_.find(part.read.session);
    if (session == nullptr || found == remains_.end()) {
        return;
    }
    Remains& remains = *found->second;
    remains.is_reading = false;
    for (const storage::QueuePart::Dropped& dropped : part.dropped) {
        ++context_.counters.dropped_expired;
        context_.store.batch().delete_delivery(dropped.key);
    }
    MoveItems items;
    ItemFiller filler(items, context_.shard.wall_now());
    part.found.visit(filler);
    if (filler.rows.empty()) {
        session->outbound.spill()->advance(part.next);
        return;
    }
    remains.batch = std::move(items.bytes());
    remains.rows = std::move(filler.rows);
    remains.behind = part.next;
    remains.is_told = true;
    send(*session, remains, context_.shard.now());
}

void SessionRemains::send(const Session& session, Remains& remains, Instant now) {
    remains.told_at = now;
    moves_.tell(remains.to, {.kind = MoveKind::Forward,
                             .epoch = remains.note.epoch,
                             .number = session.id().value(),
                             .place = remains.behind,
                             .client_id = session.client_id(),
                             .body = remains.batch});
}

void SessionRemains::on_told(bus::PeerId from, const MoveMessage& message) {
    switch (message.kind) {
        case MoveKind::Forward:
            take(from, message);
            return;
        case MoveKind::Forwarded:
            on_forwarded(message);
            return;
        case MoveKind::Over:
            if (taken_.erase({from, message.number}) != 0) {
                context_.store.batch().delete_mark(mark_key(from, message.number));
            }
            return;
        case MoveKind::NotHere: {
            const auto found = remains_.find(SessionId(message.number));
            if (found != remains_.end()) {
                find_owner(found->first, std::string(message.client_id));
            }
            return;
        }
        case MoveKind::Settled:
        case MoveKind::NotTaken:
            on_settled(from, message);
            return;
        case MoveKind::Still:
            say_if_over(from, message);
            return;
        case MoveKind::Flushed:
            on_flushed(from, message);
            return;
        case MoveKind::Take:
        case MoveKind::Part:
        case MoveKind::More:
        case MoveKind::Refused:
        case MoveKind::Done:
        case MoveKind::Ask:
        case MoveKind::Flush:
            return;
    }
}

/// Or the session has ended there, or gone on.
void SessionRemains::on_settled(bus::PeerId from, const MoveMessage& message) {
    const std::vector<KnownRouter> routers = decode_routers(message.body);
    for (const auto& [id, remains] : remains_) {
        const Session* session = context_.sessions->find(id);
        const bool is_it = session != nullptr && session->client_id() == message.client_id &&
                           remains->note.epoch == message.epoch && remains->to == from;
        if (!is_it) {
            continue;
        }
        // One that was here before a crash may have got to know nodes again that were away.
        const bool is_of_all = remains->is_restored || routers.size() <= kMoveFlushNodesMax;
        remains->away.clear();
        for (const KnownRouter& router : routers) {
            if (router.node == moves_.self()) {
                continue;
            }
            if (!router.is_told) {
                remains->away.push_back(router.node);
            }
            if (!remains->is_settled && (!router.is_told || is_of_all)) {
                remains->unsure.push_back(router.node);
            }
        }
        if (!remains->is_settled) {
            if (message.kind == MoveKind::Settled) {
                remains->unsure.push_back(from);
            }
            remains->is_settled = true;
            remains->settled_at = context_.shard.now();
        }
    }
    moves_.wake();
}

void SessionRemains::on_flushed(bus::PeerId from, const MoveMessage& message) {
    const auto found = remains_.find(SessionId(message.number));
    if (found == remains_.end() || found->second->note.epoch != message.epoch) {
        return;
    }
    Remains& remains = *found->second;
    if (std::erase(remains.unsure, from) != 0 && remains.unsure.empty()) {
        remains.settled_at = context_.shard.now();
    }
}

void SessionRemains::on_owner(const std::string& client_id, const bus::SessionOwner& owner) {
    for (const auto& [id, remains] : remains_) {
        const Session* session = context_.sessions->find(id);
        if (session != nullptr && session->client_id() == client_id) {
            remains->to = owner.node;
        }
    }
}

/// The node that it was sent to does not have the session: another one may, or none.
void SessionRemains::find_owner(SessionId id, const std::string& client_id) {
    moves_.find_owner(client_id, [this, id](std::optional<bus::SessionOwner> owner) {
        const auto found = remains_.find(id);
        Session* session = context_.sessions->find(id);
        if (found == remains_.end() || session == nullptr) {
            return;
        }
        if (owner) {
            found->second->to = owner->node;
            return;  // it is sent there when it is due again
        }
        // The session has ended, and with it what was queued for it.
        context_.counters.dropped_no_receiver += found->second->rows.size();
        end(*session, *found->second);
        remains_.erase(found);
    });
}

void SessionRemains::on_forwarded(const MoveMessage& message) {
    const auto found = remains_.find(SessionId(message.number));
    Session* session = context_.sessions->find(SessionId(message.number));
    if (found == remains_.end() || session == nullptr || !found->second->is_told ||
        found->second->behind != message.place) {
        return;
    }
    Remains& remains = *found->second;
    Spill& spill = *session->outbound.spill();
    for (const auto& [key, bytes] : remains.rows) {
        context_.store.batch().delete_delivery(key);
        spill.remove(bytes);
    }
    context_.counters.session_messages_forwarded += remains.rows.size();
    spill.advance(remains.behind);
    remains.rows.clear();
    remains.batch.clear();
    remains.is_told = false;
    read(*session, remains);
}

std::size_t SessionRemains::count_of(std::string_view client_id) const {
    return static_cast<std::size_t>(std::ranges::count_if(remains_, [&](const auto& entry) {
        const Session* session = context_.sessions->find(entry.first);
        return session != nullptr && session->client_id() == client_id;
    }));
}

void SessionRemains::say_if_over(bus::PeerId to, const MoveMessage& asked) {
    if (count_of(asked.client_id) == 0) {
        moves_.tell(to, {.kind = MoveKind::Over,
                         .is_last = true,
                         .epoch = asked.epoch,
                         .client_id = asked.client_id});
    }
}

void SessionRemains::end(Session& session, const Remains& remains) {
    moves_.tell(remains.to, {.kind = MoveKind::Over,
                             .is_last = count_of(session.client_id()) == 1,
                             .epoch = remains.note.epoch,
                             .number = session.id().value(),
                             .client_id = session.client_id()});
    context_.sessions->drop_detached(session);
}

/// Gives a session what another node sends behind it.
class SessionRemains::Receiver final : public MoveItemVisitor {
  public:
    Receiver(ShardContext& context, Session& session, std::uint64_t taken_to)
        : context_(context), session_(session), taken_to_(taken_to) {}

    void on_message(const MovedMessage& message) override {
        if (message.sequence < taken_to_) {
            return;
        }
        const IdentifierList identifiers = decode_identifiers(message.identifiers);
        bus::Message given{.tenant = kDefaultTenant,
                           .topic = bus::TopicName::trusted(message.topic),
                           .payload = message.payload,
                           .properties = message.properties,
                           .qos = message.qos,
                           .retain = message.retain,
                           .published_at = message.published_at};
        if (message.left_ms != 0) {
            const auto left = std::min<std::uint64_t>(message.left_ms, UINT32_MAX);
            given.expires_at = context_.message_now() + std::chrono::milliseconds(left);
        }
        given.audience.is_from_mesh = true;
        given.audience.source = message.source;
        context_.delivery->forwarded(session_,
                                     {.qos = message.granted,
                                      .retain = message.retain,
                                      .identifiers = {identifiers.data(), identifiers.size()},
                                      .group = {}},
                                     given);
    }
    void on_session(const MovedSession&) override {}
    void on_subscription(const MovedSubscription&) override {}
    void on_inbound(PacketId) override {}
    void on_released(const MovedReleased&) override {}
    void on_seen(const bus::MessageSource&) override {}

  private:
    ShardContext& context_;
    Session& session_;
    std::uint64_t taken_to_;
};

void SessionRemains::take(bus::PeerId from, const MoveMessage& message) {
    const std::string client(message.client_id);
    Session* session = context_.sessions->find(kDefaultTenant, client);
    const MoveMessage answer{.kind = MoveKind::NotHere,
                             .epoch = message.epoch,
                             .number = message.number,
                             .place = message.place,
                             .client_id = client};
    if (session == nullptr) {
        moves_.tell(from, answer);
        return;
    }
    if (session->is_moving) {
        return;  // it is sent again
    }
    std::uint64_t& taken = taken_[{from, message.number}];
    Receiver receiver(context_, *session, taken);
    const Result<std::size_t> used = read_move_items(message.body, receiver);
    if (!used || *used != message.body.size()) {
        ++context_.counters.refused_from_mesh;
        return;
    }
    if (message.place > taken) {
        taken = message.place;
        std::vector<std::uint8_t> value(8);
        ByteWriter(value).u64(taken);
        context_.store.batch().put_mark({.key = mark_key(from, message.number), .value = value});
    }
    context_.store.when_committed([this, from, client, answer] {
        MoveMessage taken_message = answer;
        taken_message.kind = MoveKind::Forwarded;
        taken_message.client_id = client;
        moves_.tell(from, taken_message);
    });
}

}  // namespace kith::broker

#include "broker/detail/session_moves.h"

#include <algorithm>

#include "broker/detail/connection_table.h"
#include "broker/detail/delivery.h"
#include "broker/detail/mesh_interest.h"
#include "broker/detail/queue_loader.h"
#include "broker/detail/seen_messages.h"
#include "broker/detail/session.h"
#include "broker/detail/session_arrivals.h"
#include "broker/detail/session_departures.h"
#include "broker/detail/session_remains.h"
#include "broker/detail/session_table.h"
#include "broker/detail/shard_broker.h"
#include "broker/limits.h"

namespace kith::broker {

SessionMoves::SessionMoves(ShardContext& context)
    : context_(context),
      seen_(std::make_unique<SeenMessages>()),
      arrivals_(std::make_unique<SessionArrivals>(context, *this)),
      departures_(std::make_unique<SessionDepartures>(context, *this)),
      remains_(std::make_unique<SessionRemains>(context, *this)),
      tick_([this](Instant) { on_tick(); }) {}

SessionMoves::~SessionMoves() = default;

void SessionMoves::restore(Session& session, const SessionNote& note) {
    switch (note.state) {
        case SessionState::Here:
            if (note.epoch != 0) {
                known_[session.id()] = {
                    .epoch = note.epoch, .from = note.node, .moved_at_ms = note.place};
            }
            return;
        case SessionState::Moving:
            session.is_moving = true;
            known_[session.id()] = {.epoch = note.own_epoch};
            departures_->restore(session, note);
            return;
        case SessionState::Gone:
            session.is_gone = true;
            --context_.counters.sessions;
            context_.node.sessions.give_back();
            remains_->restore(session, note);
            return;
    }
}

void SessionMoves::restore_forward(Bytes key, Bytes value) {
    remains_->restore_mark(key, value);
}

void SessionMoves::restore_seen(const Session* session, const SeenMark& mark) {
    if (session == nullptr || session->is_gone) {
        lost_marks_.push_back(mark);
    } else {
        seen_->restore(mark);
    }
}

void SessionMoves::open(bus::SessionPort& port, bus::PeerId self) {
    CHECK(port_ == nullptr);
    port_ = &port;
    self_ = self;
    for (const SeenMark& mark : std::exchange(lost_marks_, {})) {
        delete_seen_mark(context_.store.batch(), mark);
    }
    remains_->open();
    context_.sessions->for_each([this](Session& session) {
        if (session.is_gone) {
            return;
        }
        if (epoch_of(session) == 0) {
            known_[session.id()] = {.epoch = next_epoch(0)};
            if (session.is_stored) {
                context_.sessions->write_record(session);
            }
        }
        if (!session.is_moving) {
            put_owner(session);
        }
        if (seen_->is_watched(session.id())) {
            watch(session);
        }
    });
    wake();
}

bool SessionMoves::must_ask(const Session* known) const {
    return known == nullptr || known->is_moving;
}

void SessionMoves::ask(const Asker& asker) {
    arrivals_->ask(asker);
}

void SessionMoves::note_created(const Session& session, std::uint64_t epoch) {
    if (!is_open()) {
        return;
    }
    known_[session.id()] = {.epoch = epoch == 0 ? next_epoch(0) : epoch};
    put_owner(session);
}

void SessionMoves::note_moved_in(Session& session, const SessionNote& note) {
    known_[session.id()] = {.epoch = note.epoch, .from = note.node, .moved_at_ms = note.place};
    watch(session);
    put_owner(session);
}

void SessionMoves::watch(Session& session) {
    const Instant now = context_.shard.now();
    context_.counters.sessions_watched += session.is_watched ? 0U : 1U;
    session.is_watched = true;
    seen_->watch(session.id(), now + kMoveWatch, now + kMoveRemainsLifetime);
    wake();
}

void SessionMoves::note_resumed(const Session& session) {
    if (!is_open() || !session.stays()) {
        return;
    }
    context_.shard.post(ShardId(0), [this, port = port_, id = session.id(),
                                     home = context_.shard.id()](runtime::Shard& first) {
        if (port->is_alone()) {
            first.post(home, [this, id](runtime::Shard&) { raise_epoch(id); });
        }
    });
}

void SessionMoves::raise_epoch(SessionId id) {
    Session* session = context_.sessions->find(id);
    if (session == nullptr || session->is_leaving()) {
        return;
    }
    Known& known = known_[id];
    known.epoch = next_epoch(known.epoch);
    if (session->is_stored) {
        context_.sessions->write_record(*session);
    }
    put_owner(*session);
}

void SessionMoves::unwatch(Session& session) {
    context_.counters.sessions_watched -= session.is_watched ? 1U : 0U;
    session.is_watched = false;
    seen_->forget(session.id(), context_.store.batch());
}

void SessionMoves::note_removed(Session& session) {
    unwatch(session);
    const auto known = known_.find(session.id());
    if (known == known_.end()) {
        return;
    }
    const std::uint64_t epoch = known->second.epoch;
    known_.erase(known);
    if (!is_open()) {
        return;
    }
    context_.shard.post(
        ShardId(0), [port = port_, client = std::string(session.client_id()), epoch](
                        runtime::Shard&) { port->forget_owner(kDefaultTenant, client, epoch); });
}

SessionNote SessionMoves::note_of(const Session& session) const {
    if (session.is_gone) {
        return remains_->note_of(session.id());
    }
    if (session.is_moving) {
        return departures_->note_of(session);
    }
    const auto found = known_.find(session.id());
    return found == known_.end() ? SessionNote{}
                                 : SessionNote{.epoch = found->second.epoch,
                                               .node = found->second.from,
                                               .place = found->second.moved_at_ms};
}

bus::MessageSource SessionMoves::source_of(const Routing& routing) const {
    if (routing.message.audience.is_from_mesh) {
        return routing.message.audience.source;
    }
    return {.node = self_.value(), .number = routing.id.value()};
}

bool SessionMoves::is_first(const Session& session, const Routing& routing) {
    const bus::MessageSource source = source_of(routing);
    if (source.number == 0 || seen_->add(session.id(), source)) {
        return true;
    }
    ++context_.counters.session_messages_twice;
    return false;
}

std::uint64_t SessionMoves::place_of(const Session& session, const Routing& routing) const {
    return seen_->place_of(session.id(), source_of(routing));
}

bool SessionMoves::may_forward(const Session& session, const Routing& routing) const {
    return remains_->takes(session.id(), bus::PeerId(source_of(routing).node));
}

void SessionMoves::on_stored(Session& session) {
    if (session.is_gone) {
        wake();
    } else if (is_open()) {
        departures_->on_stored(session);
    }
}

void SessionMoves::on_queue_read(const storage::QueuePart& part) {
    if (part.read.reader == SessionDepartures::kReader) {
        departures_->on_queue_read(part);
    } else {
        remains_->on_queue_read(part);
    }
}

void SessionMoves::on_told(bus::PeerId from, const MoveMessage& message) {
    if (!is_open()) {
        return;
    }
    switch (message.kind) {
        case MoveKind::Part:
        case MoveKind::Refused:
            arrivals_->on_told(from, message);
            break;
        case MoveKind::Take:
        case MoveKind::More:
            departures_->on_told(from, message);
            break;
        case MoveKind::Ask:
            on_asked(from, message);
            break;
        case MoveKind::Done:
        case MoveKind::NotTaken:
            departures_->on_told(from, message);
            remains_->on_told(from, message);
            break;
        case MoveKind::Settled:
        case MoveKind::Forward:
        case MoveKind::Forwarded:
        case MoveKind::NotHere:
        case MoveKind::Flushed:
            remains_->on_told(from, message);
            break;
        case MoveKind::Flush:
            on_flush(from, message);
            break;
        case MoveKind::Over:
            remains_->on_told(from, message);
            on_over(from, message);
            break;
        case MoveKind::Still:
            if (const Session* session = context_.sessions->find(kDefaultTenant, message.client_id);
                session == nullptr || from == self_) {
                remains_->on_told(from, message);
            }
            break;
    }
}

/// Whether the session that `from` has given, or was about to, has come.
void SessionMoves::on_asked(bus::PeerId from, const MoveMessage& message) {
    const std::string client(message.client_id);
    const Session* session = context_.sessions->find(kDefaultTenant, client);
    if (session != nullptr && epoch_of(*session) >= message.epoch) {
        tell(from, {.kind = MoveKind::Done, .epoch = message.epoch, .client_id = client});
        settle(from, client, message.epoch);
        return;
    }
    if (arrivals_->is_taking(client, message.epoch)) {
        return;  // not known yet
    }
    // It may have been here, and gone on.
    find_owner(client, [this, from, client,
                        epoch = message.epoch](std::optional<bus::SessionOwner> owner) {
        const bool was_taken = remains_->has(client, epoch) || (owner && owner->epoch >= epoch);
        tell(from, {.kind = was_taken ? MoveKind::Done : MoveKind::NotTaken,
                    .epoch = epoch,
                    .client_id = client});
    });
}

void SessionMoves::settle(bus::PeerId to, const std::string& client_id, std::uint64_t epoch) {
    context_.mesh_interest->flush();
    context_.shard.post(
        ShardId(0), [this, to, client_id, epoch, node = &context_.node, port = port_,
                     home = context_.shard.id()](runtime::Shard& first) {
            // In one step with the barrier, so that each of them is in it or among the others.
            std::vector<KnownRouter> known;
            for (const bus::SessionPort::Router& router : port->routers()) {
                known.push_back({.node = router.node, .is_told = router.is_reachable});
            }
            node->shards.front()->context().mesh_interest->barrier(
                [this, to, client_id, epoch, known, home, &first](bool is_complete) {
                    if (!is_complete) {
                        return;  // it asks again
                    }
                    first.post(home, [this, to, client_id, epoch, known](runtime::Shard&) {
                        const std::vector<std::uint8_t> body = encode_routers(known);
                        tell(to, {.kind = MoveKind::Settled,
                                  .epoch = epoch,
                                  .client_id = client_id,
                                  .body = body});
                    });
                });
        });
}

void SessionMoves::on_owner(const std::string& client_id, const bus::SessionOwner& owner) {
    if (!is_open()) {
        return;
    }
    remains_->on_owner(client_id, owner);
    Session* session = context_.sessions->find(kDefaultTenant, client_id);
    if (session == nullptr) {
        return;
    }
    if (session->is_moving) {
        departures_->on_owner(*session, owner);
        return;
    }
    const bus::SessionOwner own{.node = self_, .epoch = epoch_of(*session)};
    if (owner < own) {
        put_owner(*session);  // the other one is to stop
        return;
    }
    if (owner == own) {
        return;
    }
    ++context_.counters.sessions_fenced;
    LOG(context_.shard.log(), Warn, "session has another owner",
        {"client", std::string_view(client_id)}, {"epoch", owner.epoch});
    cut_off(*session, "session is on another node");
    if (!session->stays()) {
        context_.sessions->remove(*session, {});
        return;
    }
    leave(*session, {.state = SessionState::Gone, .epoch = owner.epoch, .node = owner.node.value()},
          Subscriptions::Dropped);
}

std::uint64_t SessionMoves::epoch_of(const Session& session) const {
    const auto found = known_.find(session.id());
    return found == known_.end() ? 0 : found->second.epoch;
}

/// By the wall clock, so that a node that has forgotten begins behind what it had; clocks that err
/// cost no more than the order of two sessions that never knew of one another.
std::uint64_t SessionMoves::next_epoch(std::uint64_t known) const {
    const std::int64_t now_ms = std::max<std::int64_t>(context_.shard.wall_now().ms(), 1);
    return std::max(known + 1, static_cast<std::uint64_t>(now_ms));
}

void SessionMoves::tell(bus::PeerId to, const MoveMessage& message) {
    outbox_.push_back({.to = to, .message = encode_move(message)});
    context_.shard.defer(*this);
}

void SessionMoves::tell_behind(bus::PeerId to, const MoveMessage& message) {
    outbox_.push_back({.to = to, .message = encode_move(message), .is_behind = true});
    context_.shard.defer(*this);
}

/// Later in the turn: never from inside of a call of the mesh.
void SessionMoves::run_task() {
    auto outbox = std::exchange(outbox_, {});
    context_.shard.post(ShardId(0), [port = port_, node = &context_.node, self = self_,
                                     outbox = std::move(outbox)](runtime::Shard&) {
        for (const Outgoing& each : outbox) {
            if (each.to == self) {
                node->shards.front()->sessions_listener().on_told(each.to, each.message);
            } else if (each.is_behind) {
                port->tell_behind(each.to, each.message);
            } else {
                (void)port->tell(each.to, each.message);
            }
        }
    });
}

void SessionMoves::find_owner(const std::string& client_id,
                              std::function<void(std::optional<bus::SessionOwner>)> done) {
    context_.shard.post(ShardId(0), [port = port_, client_id, done = std::move(done),
                                     home = context_.shard.id()](runtime::Shard& first) {
        first.post(home, [owner = port->owner_of(kDefaultTenant, client_id),
                          done](runtime::Shard&) { done(owner); });
    });
}

void SessionMoves::put_owner(const Session& session) {
    context_.shard.post(ShardId(0), [port = port_, client = std::string(session.client_id()),
                                     epoch = epoch_of(session)](runtime::Shard&) {
        port->put_owner(kDefaultTenant, client, epoch);
    });
}

void SessionMoves::cut_off(Session& session, const char* words) {
    context_.sessions->cut_off(session, words);
}

void SessionMoves::leave(Session& session, const SessionNote& note, Subscriptions subscriptions) {
    LOG(context_.shard.log(), Info, "session has moved",
        {"client", std::string_view(session.client_id())}, {"epoch", note.epoch});
    known_.erase(session.id());
    unwatch(session);
    context_.sessions->detach(session);
    remains_->add(session, note, subscriptions == Subscriptions::Kept);
    context_.sessions->write_record(session);
}

void SessionMoves::wake() {
    if (is_open() && !tick_.is_armed()) {
        context_.shard.arm_after(tick_, kMoveTick);
    }
}

void SessionMoves::on_tick() {
    const Instant now = context_.shard.now();
    arrivals_->on_tick(now);
    departures_->on_tick(now);
    remains_->on_tick(now);
    look_after_watched(now);
    const bool is_idle =
        arrivals_->empty() && departures_->empty() && remains_->empty() && seen_->empty();
    if (!is_idle) {
        wake();
    }
}

/// Names are forgotten when nobody sends behind a session any more; who may is asked.
void SessionMoves::look_after_watched(Instant now) {
    if (now - watched_looked_at_ < kMoveRepeatIdle) {
        return;
    }
    watched_looked_at_ = now;
    std::vector<Session*> over;
    std::vector<Session*> overdue;
    seen_->for_each_session([&](SessionId id) {
        Session* session = context_.sessions->find(id);
        CHECK(session != nullptr);  // note_removed()
        if (seen_->is_over(id, now)) {
            over.push_back(session);
        } else if (seen_->is_time_over(id, now)) {
            overdue.push_back(session);
        }
    });
    for (Session* session : overdue) {
        seen_->prolong(session->id(), now + kMoveWatch);
        for (const bus::PeerId owner : seen_->owners(session->id())) {
            tell(owner, {.kind = MoveKind::Still,
                         .epoch = epoch_of(*session),
                         .client_id = session->client_id()});
        }
    }
    for (Session* session : over) {
        unwatch(*session);
    }
}

/// Nothing more comes from there, if it says so.
void SessionMoves::on_over(bus::PeerId from, const MoveMessage& message) {
    const Session* session = context_.sessions->find(kDefaultTenant, message.client_id);
    if (session != nullptr && message.is_last) {
        seen_->remove_owner(session->id(), from, context_.store.batch());
    }
}

/// Another node asks whether messages for this session go to where it is now.
void SessionMoves::on_flush(bus::PeerId from, const MoveMessage& message) {
    find_owner(std::string(message.client_id), [this, from, client = std::string(message.client_id),
                                                epoch = message.epoch, number = message.number](
                                                   std::optional<bus::SessionOwner> owner) {
        if (owner && owner->epoch >= epoch) {
            tell_behind(
                from,
                {.kind = MoveKind::Flushed, .epoch = epoch, .number = number, .client_id = client});
        }
    });
}

void SessionMail::on_told(bus::PeerId from, Bytes message) {
    const Result<MoveMessage> decoded = decode_move(message);
    if (!decoded) {
        ++context_.counters.refused_from_mesh;
        return;
    }
    const ShardId home = context_.sessions->home_of(kDefaultTenant, decoded->client_id);
    context_.shard.post(
        home, [node = &context_.node, home, from,
               bytes = std::vector<std::uint8_t>(message.begin(), message.end())](runtime::Shard&) {
            const Result<MoveMessage> again = decode_move(bytes);
            CHECK(again.has_value());
            node->shards[home.value()]->moves().on_told(from, *again);
        });
}

void SessionMail::on_owner(TenantId tenant, std::string_view client_id,
                           const bus::SessionOwner& owner) {
    if (tenant != kDefaultTenant || client_id.empty() || client_id.size() > kClientIdBytesMax) {
        return;
    }
    const ShardId home = context_.sessions->home_of(tenant, client_id);
    context_.shard.post(home, [node = &context_.node, home, client = std::string(client_id),
                               owner](runtime::Shard&) {
        node->shards[home.value()]->moves().on_owner(client, owner);
    });
}

}  // namespace kith::broker

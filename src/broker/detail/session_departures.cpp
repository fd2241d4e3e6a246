#include "broker/detail/session_departures.h"

#include <algorithm>
#include <iterator>

#include "broker/detail/item_filler.h"
#include "broker/detail/seen_messages.h"
#include "broker/detail/session.h"
#include "broker/detail/session_arrivals.h"
#include "broker/detail/session_table.h"
#include "broker/limits.h"

namespace kith::broker {

struct SessionDepartures::Departure {
    enum class Stage : std::uint8_t {
        Quieting,  // what is under way in this node ends first
        Sending,   // slices, as they are asked for
        Unknown,   // restored: whether the other node has it
    };
    bus::PeerId to;
    std::uint64_t epoch = 0;      // that it will have there
    std::uint64_t own_epoch = 0;  // that it has here
    std::uint64_t place = 0;      // of the first message that does not go along
    Stage stage = Stage::Quieting;
    bool is_on_disk = false;  // that it is frozen
    bool is_reading = false;
    bool is_asked = false;          // the next slice is due
    std::uint64_t next_place = 0;   // of the queue, to be read
    std::uint64_t part_number = 0;  // of `part`
    bool is_last = false;           // `part` is
    bool has_part = false;
    MoveItems items;                 // not sent yet
    std::vector<std::uint8_t> part;  // sent, perhaps not arrived
    Instant heard_at;
    Instant asked_at;
};

SessionDepartures::SessionDepartures(ShardContext& context, SessionMoves& moves)
    : context_(context), moves_(moves) {}
SessionDepartures::~SessionDepartures() = default;

void SessionDepartures::restore(const Session& session, const SessionNote& note) {
    auto departure = std::make_unique<Departure>();
    departure->to = bus::PeerId(note.node);
    departure->epoch = note.epoch;
    departure->own_epoch = note.own_epoch;
    departure->place = note.place;
    departure->stage = Departure::Stage::Unknown;
    departures_[session.id()] = std::move(departure);
}

SessionNote SessionDepartures::note_of(const Session& session) const {
    const Departure& departure = *departures_.at(session.id());
    return {.state = SessionState::Moving,
            .epoch = departure.epoch,
            .node = departure.to.value(),
            .place = departure.place,
            .own_epoch = departure.own_epoch};
}

void SessionDepartures::on_told(bus::PeerId from, const MoveMessage& message) {
    if (message.kind == MoveKind::Take) {
        on_take(from, message);
        return;
    }
    Session* session = context_.sessions->find(kDefaultTenant, message.client_id);
    if (session == nullptr || !session->is_moving) {
        return;
    }
    Departure& departure = *departures_.at(session->id());
    if (departure.to != from || departure.epoch != message.epoch) {
        return;
    }
    departure.heard_at = context_.shard.now();
    if (message.kind == MoveKind::Done) {
        finish(*session);
    } else if (message.kind == MoveKind::NotTaken) {
        stay(*session);
    } else if (message.number == departure.part_number + 1 && departure.has_part) {
        departure.has_part = false;
        ++departure.part_number;
        go_on(*session, departure);
    } else if (message.number == departure.part_number && departure.has_part) {
        send_part(*session, departure);  // it was lost
    }
}

void SessionDepartures::on_take(bus::PeerId from, const MoveMessage& message) {
    Session* session = context_.sessions->find(kDefaultTenant, message.client_id);
    if (session == nullptr) {
        say_who_has_it(from, message);
        return;
    }
    if (session->is_moving) {
        Departure& departure = *departures_.at(session->id());
        if (departure.to == from && departure.epoch == message.epoch) {
            departure.heard_at = context_.shard.now();
            if (departure.has_part && departure.part_number == 0) {
                send_part(*session, departure);
            }
        } else {
            hurry(*session);  // who has been first is asked what has become of it
        }
        return;
    }
    const std::uint64_t own = moves_.epoch_of(*session);
    if (message.epoch <= own) {
        MoveMessage answer{.kind = MoveKind::Refused,
                           .refusal = MoveRefusal::NotHere,
                           .epoch = message.epoch,
                           .number = moves_.self().value(),
                           .place = own,
                           .client_id = message.client_id};
        moves_.tell(from, answer);
        return;
    }
    const std::string& name = session->principal().name;
    if (name != message.principal && name != "anonymous" && !message.is_admin) {
        refuse(from, message, MoveRefusal::NotAllowed);
        return;
    }
    const SessionId id = session->id();
    begin(*session, from, message.epoch);
    if (!context_.sessions->release_to_mesh(*session, message.is_clean)) {
        departures_.erase(id);
        context_.store.when_committed(
            [this, from, client = std::string(message.client_id), epoch = message.epoch] {
                refuse(from, {.epoch = epoch, .client_id = client}, MoveRefusal::Ended);
            });
        return;
    }
    context_.store.when_committed([this, id] {
        Session* now = context_.sessions->find(id);
        if (now != nullptr && now->is_moving) {
            Departure& departure = *departures_.at(id);
            departure.is_on_disk = true;
            begin_if_quiet(*now, departure);
        }
    });
    moves_.wake();
}

void SessionDepartures::refuse(bus::PeerId to, const MoveMessage& asked, MoveRefusal refusal) {
    moves_.tell(to, {.kind = MoveKind::Refused,
                     .refusal = refusal,
                     .epoch = asked.epoch,
                     .client_id = asked.client_id});
}

void SessionDepartures::say_who_has_it(bus::PeerId to, const MoveMessage& asked) {
    moves_.find_owner(std::string(asked.client_id),
                      [this, to, client = std::string(asked.client_id),
                       epoch = asked.epoch](std::optional<bus::SessionOwner> owner) {
                          moves_.tell(to, {.kind = MoveKind::Refused,
                                           .refusal = MoveRefusal::NotHere,
                                           .epoch = epoch,
                                           .number = owner ? owner->node.value() : 0,
                                           .place = owner ? owner->epoch : 0,
                                           .client_id = client});
                      });
}

void SessionDepartures::begin(Session& session, bus::PeerId to, std::uint64_t epoch) {
    auto departure = std::make_unique<Departure>();
    departure->to = to;
    departure->epoch = epoch;
    departure->own_epoch = moves_.epoch_of(session);
    departure->place = session.outbound.next_sequence();
    departure->heard_at = context_.shard.now();
    departures_[session.id()] = std::move(departure);
}

bool SessionDepartures::is_quiet(const Session& session, std::uint64_t place) {
    bool is_settled = session.returning_count == 0;
    session.inbound.for_each([&](PacketId, const InboundId& inbound) {
        is_settled &= inbound.state == InboundState::Received;
    });
    return is_settled && session.outbound.is_quiet(place);
}

void SessionDepartures::begin_if_quiet(Session& session, Departure& departure) {
    if (departure.stage != Departure::Stage::Quieting || !departure.is_on_disk ||
        !is_quiet(session, departure.place)) {
        return;
    }
    departure.stage = Departure::Stage::Sending;
    put_state(session, departure);
    go_on(session, departure);
}

/// All but the messages that wait.
void SessionDepartures::put_state(Session& session, Departure& departure) {
    departure.items.put(MovedSession{.principal = session.principal().name,
                                     .expiry_interval_s = session.expiry_interval_s,
                                     .protocol_version = session.protocol_version,
                                     .next_sequence = departure.place,
                                     .sent_behind = session.outbound.sent_behind()});
    const SubscriptionIndex& index = context_.default_space.index;
    for (const auto& [place, id] : session.subscriptions) {
        const Subscription& subscription = context_.default_space.index.at(id);
        const std::string text = index.text(subscription);
        departure.items.put(MovedSubscription{.filter = text,
                                              .options = subscription.options.bits,
                                              .identifier = subscription.identifier});
    }
    session.inbound.for_each([&](PacketId packet_id, const InboundId& inbound) {
        if (inbound.is_stored) {
            departure.items.put_inbound(packet_id);
        }
    });
    session.outbound.for_each([&](const OutboundItem& item) {
        if (item.state == OutboundItem::State::Released && item.sequence < departure.place) {
            departure.items.put(
                MovedReleased{.sequence = item.sequence, .qos = item.qos, .retain = item.retain});
        }
    });
    if (!session.is_watched) {
        return;
    }
    for (const bus::PeerId owner : moves_.seen().owners(session.id())) {
        departure.items.put_seen({.node = owner.value()});
    }
    moves_.seen().for_each(
        session.id(), [&](const bus::MessageSource& source) { departure.items.put_seen(source); });
}

/// Makes the next slice, once there is enough for it.
void SessionDepartures::go_on(Session& session, Departure& departure) {
    if (departure.is_reading) {
        return;
    }
    std::vector<std::uint8_t>& waiting = departure.items.bytes();
    const bool is_all_read = departure.next_place >= departure.place;
    if (waiting.size() < kMovePartBytes && !is_all_read) {
        departure.is_reading = true;
        context_.store.read_queue({.session = session.id(),
                                   .from = departure.next_place,
                                   .behind = departure.place,
                                   .now = context_.shard.wall_now(),
                                   .messages_max = kQueueReadMessagesMax,
                                   .bytes_max = kQueueReadBytesMax,
                                   .reader = kReader});
        return;
    }
    const std::size_t bytes = std::min(waiting.size(), kMovePartBytes);
    const auto end = waiting.begin() + static_cast<std::ptrdiff_t>(bytes);
    departure.part.assign(waiting.begin(), end);
    waiting.erase(waiting.begin(), end);
    departure.is_last = waiting.empty() && is_all_read;
    departure.has_part = true;
    send_part(session, departure);
}

void SessionDepartures::on_queue_read(const storage::QueuePart& part) {
    Session* session = context_.sessions->find(part.read.session);
    const auto found = departures_.find(part.read.session);
    if (session == nullptr || found == departures_.end() || !found->second->is_reading) {
        return;
    }
    Departure& departure = *found->second;
    departure.is_reading = false;
    ItemFiller filler(departure.items, context_.shard.wall_now());
    part.found.visit(filler);
    departure.next_place = part.next;
    go_on(*session, departure);
}

void SessionDepartures::send_part(const Session& session, Departure& departure) {
    moves_.tell(departure.to, {.kind = MoveKind::Part,
                               .is_last = departure.is_last,
                               .epoch = departure.epoch,
                               .number = departure.part_number,
                               .client_id = session.client_id(),
                               .body = departure.part});
}

void SessionDepartures::on_owner(Session& session, const bus::SessionOwner& owner) {
    const Departure& departure = *departures_.at(session.id());
    if (owner.node == departure.to && owner.epoch == departure.epoch) {
        finish(session);
    } else if (owner.epoch > departure.epoch) {
        // Whoever was first may have it or not: what waits here follows it in any case.
        ++context_.counters.sessions_fenced;
        (void)abandon(session);
    } else {
        hurry(session);
    }
}

/// The other node has it.
void SessionDepartures::finish(Session& session) {
    const SessionNote note{.state = SessionState::Gone,
                           .epoch = departures_.at(session.id())->epoch,
                           .node = departures_.at(session.id())->to.value(),
                           .place = departures_.at(session.id())->place};
    const std::string client(session.client_id());
    departures_.erase(session.id());
    ++context_.counters.sessions_moved_out;
    moves_.leave(session, note, SessionMoves::Subscriptions::Kept);
    moves_.arrivals().on_thawed(client);
}

/// It has not, and will not with this epoch.
void SessionDepartures::stay(Session& session) {
    const std::string client(session.client_id());
    departures_.erase(session.id());
    context_.sessions->keep(session);
    moves_.put_owner(session);
    moves_.arrivals().on_thawed(client);
}

void SessionDepartures::hurry(const Session& session) {
    departures_.at(session.id())->asked_at = Instant();
}

std::uint64_t SessionDepartures::abandon(Session& session) {
    const Departure& departure = *departures_.at(session.id());
    const SessionNote note{
        .state = SessionState::Gone, .epoch = departure.epoch, .node = departure.to.value()};
    departures_.erase(session.id());
    moves_.leave(session, note, SessionMoves::Subscriptions::Dropped);
    return note.epoch;
}

void SessionDepartures::on_stored(Session& session) {
    begin_if_quiet(session, *departures_.at(session.id()));
}

void SessionDepartures::on_tick(Instant now) {
    for (const auto& [id, departure] : departures_) {
        Session* session = context_.sessions->find(id);
        if (session == nullptr) {
            continue;
        }
        begin_if_quiet(*session, *departure);
        const bool is_silent = now - departure->heard_at >= kMoveRepeatIdle;
        if (is_silent && now - departure->asked_at >= kMoveRepeatIdle) {
            departure->asked_at = now;
            moves_.tell(departure->to, {.kind = MoveKind::Ask,
                                        .epoch = departure->epoch,
                                        .client_id = session->client_id()});
        }
    }
    std::erase_if(departures_, [this](const auto& entry) {
        const Session* session = context_.sessions->find(entry.first);
        return session == nullptr || !session->is_moving;  // ended by hand meanwhile
    });
}

}  // namespace kith::broker

#include "broker/detail/session_arrivals.h"

#include <algorithm>

#include "broker/detail/connection_table.h"
#include "broker/detail/queue_loader.h"
#include "broker/detail/seen_messages.h"
#include "broker/detail/session.h"
#include "broker/detail/session_departures.h"
#include "broker/detail/session_remains.h"
#include "broker/detail/session_table.h"
#include "broker/detail/subscriber.h"
#include "broker/limits.h"

namespace kith::broker {

using mqtt::ReasonCode;

/// A session as it comes: messages go to disk, what memory needs is kept.
class SessionArrivals::Incoming final : public MoveItemVisitor {
  public:
    Incoming(ShardContext& context, SessionId id) : context_(context), id_(id) {
        queue_.session = id;
    }

    void on_session(const MovedSession& session) override {
        has_session_ = true;
        session_ = session;
        principal_ = session.principal;
        queue_.last_sequence = session.next_sequence - 1;
        queue_.first_sequence = session.next_sequence;
    }
    void on_subscription(const MovedSubscription& subscription) override {
        subscriptions_.push_back({.filter = std::string(subscription.filter),
                                  .options = subscription.options,
                                  .identifier = subscription.identifier});
    }
    void on_inbound(PacketId packet_id) override { inbound_.push_back(packet_id); }
    void on_released(const MovedReleased& released) override { released_.push_back(released); }
    void on_seen(const bus::MessageSource& source) override {
        if (seen_.size() < kMoveSeenMax + kMoveOwnersMax) {
            seen_.push_back({.session = id_,
                             .place = source.number == 0 ? 0 : ++last_place_,
                             .source = source});
        }
    }
    void on_message(const MovedMessage& message) override;

    [[nodiscard]] bool has_session() const { return has_session_; }
    [[nodiscard]] SessionId id() const { return id_; }
    /// The rest, into the batch: with it, the session is here.
    void write(const std::string& client_id, const SessionNote& note);
    /// The same in memory.
    Session& make(const std::string& client_id);
    void discard() { context_.store.batch().delete_session(id_); }
    /// Messages that it has had, and who may send behind it.
    [[nodiscard]] const std::vector<SeenMark>& seen() const { return seen_; }
    [[nodiscard]] std::uint64_t message_count() const { return queue_.message_count; }

  private:
    struct Filter {
        std::string filter;
        std::uint8_t options = 0;
        std::uint32_t identifier = 0;
    };
    [[nodiscard]] storage::SessionRecord record(const std::string& client_id) const {
        return {.id = id_,
                .tenant = kDefaultTenant,
                .client_id = client_id,
                .principal = principal_,
                .session_expiry_interval_s = session_.expiry_interval_s,
                .protocol_version = session_.protocol_version,
                .disconnected_at = context_.shard.wall_now(),
                .will = {}};
    }

    ShardContext& context_;
    SessionId id_;
    MovedSession session_;
    std::string principal_;
    std::vector<Filter> subscriptions_;
    std::vector<PacketId> inbound_;
    std::vector<MovedReleased> released_;
    std::vector<MessageId> released_ids_;
    std::vector<SeenMark> seen_;
    std::uint64_t last_place_ = 0;
    storage::QueueRecord queue_;
    bool has_session_ = false;
};

void SessionArrivals::Incoming::on_message(const MovedMessage& message) {
    const WallTime expires_at =
        message.left_ms == 0
            ? WallTime()
            : context_.shard.wall_now() +
                  std::chrono::milliseconds(std::min<std::uint64_t>(message.left_ms, UINT32_MAX));
    const MessageId id = context_.node.next_message_id();
    const std::size_t bytes = sizeof(StoredMessage) + message.topic.size() +
                              message.properties.size() + message.payload.size();
    storage::WriteBatch& batch = context_.store.batch();
    batch.put_message({.id = id,
                       .tenant = kDefaultTenant,
                       .topic = message.topic,
                       .payload = message.payload,
                       .properties = message.properties,
                       .qos = message.qos,
                       .published_at = message.published_at,
                       .expires_at = expires_at});
    batch.put_delivery({.session = id_,
                        .sequence = message.sequence,
                        .message = id,
                        .qos = message.granted,
                        .retain = message.retain,
                        .size_bytes = static_cast<std::uint32_t>(bytes),
                        .expires_at = expires_at,
                        .subscription_identifiers = message.identifiers});
    queue_.first_sequence = std::min(queue_.first_sequence, message.sequence);
    ++queue_.message_count;
    queue_.size_bytes += bytes;
    if (expires_at != WallTime() &&
        (queue_.first_expires_at == WallTime() || expires_at < queue_.first_expires_at)) {
        queue_.first_expires_at = expires_at;
    }
}

void SessionArrivals::Incoming::write(const std::string& client_id, const SessionNote& note) {
    storage::WriteBatch& batch = context_.store.batch();
    const std::vector<std::uint8_t> noted = encode_note(note, {});
    storage::SessionRecord written = record(client_id);
    written.will = noted;
    batch.put_session(written);
    on_seen({.node = note.node});
    for (const SeenMark& mark : seen_) {
        put_seen_mark(batch, mark);
    }
    for (const Filter& each : subscriptions_) {
        batch.put_subscription({.session = id_,
                                .filter = each.filter,
                                .options = each.options,
                                .subscription_identifier = each.identifier});
    }
    for (const PacketId packet_id : inbound_) {
        batch.put_inbound(id_, packet_id);
    }
    for (const MovedReleased& each : released_) {
        released_ids_.push_back(context_.node.next_message_id());
        batch.put_delivery({.session = id_,
                            .sequence = each.sequence,
                            .message = released_ids_.back(),
                            .qos = Qos::ExactlyOnce,
                            .retain = each.retain,
                            .state = storage::DeliveryState::Released,
                            .subscription_identifiers = {}});
    }
}

Session& SessionArrivals::Incoming::make(const std::string& client_id) {
    Session& session = context_.sessions->adopt(record(client_id));
    for (const Filter& each : subscriptions_) {
        (void)context_.subscriber->restore(session, {.session = id_,
                                                     .filter = each.filter,
                                                     .options = each.options,
                                                     .subscription_identifier = each.identifier});
    }
    context_.loader->restore(session, queue_);
    if (Spill* spill = session.outbound.spill(); spill != nullptr) {
        spill->set_sent_behind(session_.sent_behind);
    }
    for (std::size_t i = 0; i < released_.size(); ++i) {
        if (!session.outbound.spans_less(released_[i].sequence)) {
            continue;
        }
        OutboundItem item;
        item.sequence = released_[i].sequence;
        item.message_id = released_ids_[i];
        item.state = OutboundItem::State::Released;
        item.qos = Qos::ExactlyOnce;
        item.retain = released_[i].retain;
        item.was_sent = true;
        item.awaits_commit = true;
        session.outbound.restore_released(std::move(item));
        context_.memory.add_item(nullptr);
        ++context_.counters.queued_messages;
    }
    for (const PacketId packet_id : inbound_) {
        session.inbound.add(packet_id, {.state = InboundState::Received, .is_stored = true});
    }
    return session;
}

struct SessionArrivals::Arrival {
    enum class Stage : std::uint8_t {
        Looking,     // into the directory
        Frozen,      // it is here, and may be on its way to another node
        Taking,      // another node has been asked
        Committing,  // all is here
    };
    std::vector<SessionMoves::Asker> askers;
    Stage stage = Stage::Looking;
    bus::PeerId from;
    std::uint64_t epoch = 0;
    unsigned hops = 0;
    std::uint64_t next_part = 0;
    std::vector<std::uint8_t> partial;  // the beginning of an item
    std::unique_ptr<Incoming> incoming;
    SessionNote note;  // from Committing on
    Instant heard_at;
    Instant told_at;
    Instant began;
};

SessionArrivals::SessionArrivals(ShardContext& context, SessionMoves& moves)
    : context_(context), moves_(moves) {}
SessionArrivals::~SessionArrivals() = default;

void SessionArrivals::ask(const SessionMoves::Asker& asker) {
    std::unique_ptr<Arrival>& arrival = arrivals_[asker.client_id];
    const bool is_new = arrival == nullptr;
    if (is_new) {
        arrival = std::make_unique<Arrival>();
        arrival->began = context_.shard.now();
    }
    arrival->askers.push_back(asker);
    if (is_new) {
        look_up(asker.client_id);
    }
}

bool SessionArrivals::is_taking(const std::string& client_id, std::uint64_t epoch) const {
    const auto found = arrivals_.find(client_id);
    return found != arrivals_.end() && found->second->epoch == epoch &&
           (found->second->stage == Arrival::Stage::Taking ||
            found->second->stage == Arrival::Stage::Committing);
}

void SessionArrivals::look_up(const std::string& client_id) {
    moves_.find_owner(client_id, [this, client_id](std::optional<bus::SessionOwner> owner) {
        on_owner_found(client_id, owner);
    });
}

void SessionArrivals::on_owner_found(const std::string& client_id,
                                     std::optional<bus::SessionOwner> owner) {
    const auto found = arrivals_.find(client_id);
    if (found == arrivals_.end() || found->second->stage != Arrival::Stage::Looking) {
        return;
    }
    Arrival& arrival = *found->second;
    const Session* session = context_.sessions->find(kDefaultTenant, client_id);
    if (session != nullptr && session->is_moving) {
        arrival.stage = Arrival::Stage::Frozen;
        arrival.heard_at = context_.shard.now();
        moves_.departures().hurry(*session);
        moves_.wake();
    } else if (session != nullptr) {
        answer(client_id, ReasonCode::Success, "");
    } else if (!owner || owner->node == moves_.self()) {
        arrival.epoch = moves_.next_epoch(owner ? owner->epoch : arrival.epoch);
        answer(client_id, ReasonCode::Success, "");
    } else {
        take(client_id, arrival, *owner);
    }
}

void SessionArrivals::take(const std::string& client_id, Arrival& arrival,
                           const bus::SessionOwner& owner) {
    arrival.stage = Arrival::Stage::Taking;
    arrival.from = owner.node;
    arrival.epoch = moves_.next_epoch(std::max(owner.epoch, arrival.epoch));
    arrival.heard_at = context_.shard.now();
    say_again(client_id, arrival);
    moves_.wake();
}

void SessionArrivals::say_again(const std::string& client_id, Arrival& arrival) {
    arrival.told_at = context_.shard.now();
    if (arrival.next_part > 0) {
        moves_.tell(arrival.from, {.kind = MoveKind::More,
                                   .epoch = arrival.epoch,
                                   .number = arrival.next_part,
                                   .client_id = client_id});
        return;
    }
    const SessionMoves::Asker& asker = arrival.askers.front();
    moves_.tell(arrival.from, {.kind = MoveKind::Take,
                               .is_clean = asker.is_clean,
                               .is_admin = asker.is_admin,
                               .epoch = arrival.epoch,
                               .client_id = client_id,
                               .principal = asker.principal});
}

void SessionArrivals::on_told(bus::PeerId from, const MoveMessage& message) {
    const auto found = arrivals_.find(message.client_id);
    if (found == arrivals_.end()) {
        return;
    }
    Arrival& arrival = *found->second;
    if (arrival.stage != Arrival::Stage::Taking || arrival.from != from ||
        arrival.epoch != message.epoch) {
        return;  // of an earlier try
    }
    arrival.heard_at = context_.shard.now();
    if (message.kind == MoveKind::Part) {
        on_part(found->first, arrival, message);
    } else {
        on_refused(found->first, arrival, message);
    }
}

void SessionArrivals::on_part(const std::string& client_id, Arrival& arrival,
                              const MoveMessage& message) {
    if (message.number != arrival.next_part) {
        return;  // twice
    }
    if (arrival.incoming == nullptr) {
        arrival.incoming = std::make_unique<Incoming>(context_, context_.node.next_session_id());
    }
    arrival.partial.insert(arrival.partial.end(), message.body.begin(), message.body.end());
    const Result<std::size_t> used = read_move_items(arrival.partial, *arrival.incoming);
    const bool is_broken = !used || !arrival.incoming->has_session() ||
                           (message.is_last && *used != arrival.partial.size());
    if (is_broken) {
        ++context_.counters.refused_from_mesh;
        give_up(client_id, arrival, "what came of a session is not valid");
        return;
    }
    arrival.partial.erase(arrival.partial.begin(),
                          arrival.partial.begin() + static_cast<std::ptrdiff_t>(*used));
    ++arrival.next_part;
    if (message.is_last) {
        commit(client_id, arrival);
    } else if (!context_.store.is_congested()) {
        say_again(client_id, arrival);
    }  // else when time has passed
}

void SessionArrivals::on_refused(const std::string& client_id, Arrival& arrival,
                                 const MoveMessage& message) {
    switch (message.refusal) {
        case MoveRefusal::NotAllowed:
            answer(client_id, ReasonCode::NotAuthorized, "client id belongs to another principal");
            return;
        case MoveRefusal::NotHere: {
            const bus::SessionOwner owner{.node = bus::PeerId(message.number),
                                          .epoch = message.place};
            const bool is_elsewhere = owner.node != bus::PeerId() && owner.node != moves_.self() &&
                                      arrival.incoming == nullptr;
            if (is_elsewhere && ++arrival.hops < kMoveHopsMax) {
                take(client_id, arrival, owner);
                return;
            }
            break;
        }
        case MoveRefusal::None:
        case MoveRefusal::Ended:
            break;
    }
    if (arrival.incoming != nullptr) {
        arrival.incoming->discard();
    }
    answer(client_id, ReasonCode::Success, "");
}

void SessionArrivals::commit(const std::string& client_id, Arrival& arrival) {
    arrival.stage = Arrival::Stage::Committing;
    arrival.note = {.epoch = arrival.epoch,
                    .node = arrival.from.value(),
                    .place = static_cast<std::uint64_t>(context_.shard.wall_now().ms())};
    arrival.incoming->write(client_id, arrival.note);
    context_.store.when_committed([this, client_id] { on_committed(client_id); });
}

void SessionArrivals::on_committed(const std::string& client_id) {
    Arrival& arrival = *arrivals_.find(client_id)->second;
    CHECK(arrival.stage == Arrival::Stage::Committing);
    if (Session* other = context_.sessions->find(kDefaultTenant, client_id); other != nullptr) {
        // A connection that was answered before this one asked has begun another: what came counts.
        context_.sessions->remove(
            *other, {.reason = ReasonCode::SessionTakenOver, .words = "session taken over"});
    }
    Session& session = arrival.incoming->make(client_id);
    for (const SeenMark& mark : arrival.incoming->seen()) {
        moves_.seen().restore(mark);
    }
    moves_.note_moved_in(session, arrival.note);
    moves_.remains().on_back(client_id);
    ++context_.counters.sessions_moved_in;
    const Duration took = context_.shard.now() - arrival.began;
    context_.counters.session_moves.record_us(static_cast<std::uint64_t>(to_ms(took)) * 1000);
    LOG(context_.shard.log(), Info, "session moved in", {"client", std::string_view(client_id)},
        {"messages", arrival.incoming->message_count()}, {"took_ms", to_ms(took)});
    moves_.tell(arrival.from,
                {.kind = MoveKind::Done, .epoch = arrival.epoch, .client_id = client_id});
    moves_.settle(arrival.from, client_id, arrival.epoch);
    answer(client_id, ReasonCode::Success, "");
}

/// The client begins anew, with an epoch that fences whoever has its session.
void SessionArrivals::give_up(const std::string& client_id, Arrival& arrival, const char* words) {
    ++context_.counters.session_moves_timed_out;
    LOG(context_.shard.log(), Warn, "session is out of reach",
        {"client", std::string_view(client_id)}, {"reason", words});
    if (arrival.incoming != nullptr) {
        arrival.incoming->discard();
    }
    arrival.epoch = moves_.next_epoch(arrival.epoch);
    answer(client_id, ReasonCode::Success, "");
}

void SessionArrivals::on_thawed(const std::string& client_id) {
    const auto found = arrivals_.find(client_id);
    if (found != arrivals_.end() && found->second->stage == Arrival::Stage::Frozen) {
        found->second->stage = Arrival::Stage::Looking;
        look_up(found->first);
    }
}

void SessionArrivals::answer(const std::string& client_id, ReasonCode refusal, const char* words) {
    const auto found = arrivals_.find(client_id);
    const std::unique_ptr<Arrival> arrival = std::move(found->second);
    arrivals_.erase(found);
    for (const SessionMoves::Asker& asker : arrival->askers) {
        if (Connection* waiting = context_.connections->find(asker.connection)) {
            waiting->on_session_asked(arrival->epoch, refusal, words);
        }
    }
}

void SessionArrivals::on_tick(Instant now) {
    std::vector<std::string> overdue;
    for (const auto& [client_id, arrival] : arrivals_) {
        const bool is_waiting =
            arrival->stage == Arrival::Stage::Frozen || arrival->stage == Arrival::Stage::Taking;
        if (is_waiting && now - arrival->heard_at >= kMoveAskTimeout) {
            overdue.push_back(client_id);
        } else if (arrival->stage == Arrival::Stage::Taking &&
                   now - arrival->told_at >= kMoveRepeat) {
            say_again(client_id, *arrival);
        }
    }
    for (const std::string& client_id : overdue) {
        Arrival& arrival = *arrivals_.at(client_id);
        Session* frozen = context_.sessions->find(kDefaultTenant, client_id);
        if (arrival.stage == Arrival::Stage::Frozen && frozen != nullptr && frozen->is_moving) {
            arrival.epoch = moves_.departures().abandon(*frozen);
        }
        give_up(client_id, arrival, "no answer in time");
    }
}

}  // namespace kith::broker

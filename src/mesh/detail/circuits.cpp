#include "mesh/detail/circuits.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace kith::mesh {
namespace {

/// Those between the ends forget what is silent later than the ends do.
constexpr Duration kRelaySilenceMax = kCircuitSilenceMax + 10s;

/// What waits takes more than its bytes.
std::size_t cost_of(Bytes waiting) {
    return waiting.size() + kLinkWindowMessageBytes;
}

/// Its origin may find another way.
bool is_about_way(CircuitEnd end) {
    return end == CircuitEnd::NoWay || end == CircuitEnd::Broken;
}

Circuit frame_of(const CircuitId& id, CircuitKind kind, bool is_from_origin) {
    Circuit frame;
    frame.id = id;
    frame.kind = kind;
    frame.is_from_origin = is_from_origin;
    return frame;
}

}  // namespace

// What this node wants as an end.

Result<CircuitId> Circuits::open(NodeId destination, Instant now) {
    if (ends_.size() >= kCircuitsMax) {
        ++counters_.refused_full;
        return fail(ErrorKind::Limit, "this node has too many circuits");
    }
    if (listener_.way_to(destination, {}) == NodeId()) {
        return fail(ErrorKind::Unavailable, "there is no way to this node");
    }
    const CircuitId id{options_.self, options_.epoch, ++last_number_};
    const auto at = ends_.try_emplace(id).first;
    at->second.destination = destination;
    at->second.is_origin = true;
    at->second.opened_at = now;
    at->second.heard_at = now;
    at->second.told_at = now;
    ++counters_.opened;
    look_for_way(at, now);
    return id;
}

std::size_t Circuits::send(const CircuitId& id, Bytes bytes) {
    const auto at = ends_.find(id);
    if (at == ends_.end() || at->second.is_closing) {
        return 0;
    }
    const std::size_t taken = at->second.flow.append(bytes);
    at->second.wants_room = taken < bytes.size();
    return taken;
}

void Circuits::take(const CircuitId& id, std::size_t bytes, Instant now) {
    if (const auto at = ends_.find(id); at != ends_.end()) {
        at->second.flow.take(bytes);
        at->second.room_at = std::min(at->second.room_at, now + kCircuitRoomDelay);
    }
}

void Circuits::close(const CircuitId& id, CircuitEnd end, Instant now) {
    const auto at = ends_.find(id);
    if (at == ends_.end()) {
        return;
    }
    if (end == CircuitEnd::Done && !at->second.flow.is_settled()) {
        at->second.is_closing = true;
        at->second.close_by = now + kCircuitWayPatience;
        return;
    }
    send_close(at->second.neighbor, close_of(at, end), now);
    ++counters_.ended[static_cast<std::size_t>(end)];
    ends_.erase(at);
}

// What comes.

void Circuits::on_circuit(NodeId from, NodeRole role, const Circuit& frame, Instant now) {
    if (frame.kind == CircuitKind::Open) {
        if (role == NodeRole::Router || frame.id.origin == from) {
            on_open(from, frame, now);
        }
    } else if (const auto end = ends_.find(frame.id); end != ends_.end()) {
        on_end_frame(end, from, frame, now);
    } else if (const auto relay = relays_.find(frame.id); relay != relays_.end()) {
        on_relay_frame(relay, from, frame, now);
    } else if (frame.kind != CircuitKind::Close) {
        on_unknown(from, frame, now);
    }
}

void Circuits::on_open(NodeId from, const Circuit& frame, Instant now) {
    if (frame.id.origin == options_.self) {
        refuse(from, frame.id, CircuitEnd::NoWay, now);  // it went in a circle
    } else if (frame.destination == options_.self) {
        on_open_here(from, frame, now);
    } else {
        on_open_to_others(from, frame, now);
    }
}

void Circuits::on_open_here(NodeId from, const Circuit& frame, Instant now) {
    auto at = ends_.find(frame.id);
    if (at != ends_.end() && frame.way <= at->second.way) {
        return;
    }
    if (at == ends_.end()) {
        if (frame.resumes) {
            refuse(from, frame.id, CircuitEnd::Gone, now);
            return;
        }
        if (ends_.size() >= kCircuitsMax) {
            ++counters_.refused_full;
            refuse(from, frame.id, CircuitEnd::TooMany, now);
            return;
        }
        if (port_ == nullptr || !port_->on_circuit(frame.id)) {
            refuse(from, frame.id, CircuitEnd::Refused, now);
            return;
        }
        ++counters_.accepted;
        at = ends_.try_emplace(frame.id).first;
    }
    End& end = at->second;
    end.neighbor = from;
    end.way = frame.way;
    end.was_open = true;
    end.is_confirmed = true;
    end.heard_at = now;
    end.way_at = Instant::never();
    end.flow.go_back();
    send_room(at, now);
}

void Circuits::on_open_to_others(NodeId from, const Circuit& frame, Instant now) {
    const auto known = relays_.find(frame.id);
    if (known != relays_.end() && frame.way <= known->second.way) {
        if (frame.way == known->second.way && from != known->second.back) {
            refuse(from, frame.id, CircuitEnd::NoWay, now);  // it went in a circle
        }
        return;
    }
    const bool may_go_on = frame.hops_left > 1 && options_.role == NodeRole::Router;
    const NodeId onward = may_go_on ? listener_.way_to(frame.destination, {from}) : NodeId();
    if (onward == NodeId()) {
        refuse(from, frame.id, CircuitEnd::NoWay, now);
        return;
    }
    if (known == relays_.end() && relays_.size() >= kCircuitsCarriedMax) {
        ++counters_.refused_full;
        refuse(from, frame.id, CircuitEnd::TooMany, now);
        return;
    }
    relays_[frame.id] = {.back = from, .onward = onward, .way = frame.way, .heard_at = now};
    relays_checked_at_ = std::min(relays_checked_at_, now + kRelaySilenceMax);
    Circuit further = frame;
    --further.hops_left;
    listener_.send_circuit(onward, further, now);
}

void Circuits::on_end_frame(Ends::iterator at, NodeId from, const Circuit& frame, Instant now) {
    End& end = at->second;
    if (from != end.neighbor || frame.is_from_origin == end.is_origin) {
        return;  // of a way that is none any more
    }
    end.heard_at = now;
    if (frame.kind == CircuitKind::Bytes) {
        const Bytes news = end.flow.on_bytes({.before = frame.before, .bytes = frame.bytes});
        counters_.bytes_in += news.size();
        end.room_at = std::min(end.room_at, now + kCircuitRoomDelay);
        if (end.is_closing) {
            end.flow.take(news.size());  // nobody wants it
        } else if (!news.empty()) {
            port_->on_circuit_bytes(at->first, news);
        }
    } else if (frame.kind == CircuitKind::Room) {
        on_room(at, frame, now);
    } else if (is_about_way(frame.end)) {
        lose_way(end, now);
    } else {
        finish(at, frame.end);
    }
}

void Circuits::on_room(Ends::iterator at, const Circuit& frame, Instant now) {
    End& end = at->second;
    const std::uint64_t settled_before = end.flow.settled_bytes();
    if (!end.flow.on_room({.received = frame.received, .allowed = frame.allowed})) {
        return;
    }
    if (!end.is_confirmed) {
        end.is_confirmed = true;
        end.way_at = Instant::never();
        end.flow.go_back();
        if (!std::exchange(end.was_open, true)) {
            port_->on_circuit_open(at->first);
        }
        send_room(at, now);
    }
    if (end.flow.settled_bytes() > settled_before) {
        end.resend_after = kCircuitResend;
        end.resend_at = end.flow.is_waiting() ? now + end.resend_after : Instant::never();
        if (std::exchange(end.wants_room, false)) {
            port_->on_circuit_room(at->first);
        }
    }
    if (end.is_closing && end.flow.is_settled()) {
        close(at->first, CircuitEnd::Done, now);
    }
}

void Circuits::on_relay_frame(Relays::iterator at, NodeId from, const Circuit& frame, Instant now) {
    Relay& relay = at->second;
    if (from != (frame.is_from_origin ? relay.back : relay.onward)) {
        return;  // of a way that is none any more
    }
    relay.heard_at = now;
    const NodeId to = frame.is_from_origin ? relay.onward : relay.back;
    if (frame.kind != CircuitKind::Bytes) {
        listener_.send_circuit(to, frame, now);
        if (frame.kind == CircuitKind::Close) {
            relays_.erase(at);
        }
        return;
    }
    if (waiting_bytes_ + cost_of(frame.bytes) > kCircuitQueueBytesMax) {
        counters_.bytes_dropped += frame.bytes.size();
        return;
    }
    waiting_bytes_ += cost_of(frame.bytes);
    waiting_[to].push_back({.id = frame.id,
                            .is_from_origin = frame.is_from_origin,
                            .before = frame.before,
                            .bytes = {frame.bytes.begin(), frame.bytes.end()}});
}

/// Who sends it is told, so that its origin looks for another way, or its end knows that it is
/// over.
void Circuits::on_unknown(NodeId from, const Circuit& frame, Instant now) {
    const bool is_own = frame.id.origin == options_.self;
    if (is_own && frame.is_from_origin) {
        return;
    }
    Circuit close = frame_of(frame.id, CircuitKind::Close, !frame.is_from_origin);
    close.end = is_own ? CircuitEnd::Gone : CircuitEnd::Broken;
    send_close(from, close, now);
}

void Circuits::on_neighbor_down(NodeId neighbor, Instant now) {
    if (const auto lost = waiting_.find(neighbor); lost != waiting_.end()) {
        for (const Waiting& each : lost->second) {
            waiting_bytes_ -= cost_of(each.bytes);
        }
        waiting_.erase(lost);
    }
    for (auto& [id, end] : ends_) {
        if (end.neighbor == neighbor) {
            lose_way(end, now);
        }
    }
    for (auto at = relays_.begin(); at != relays_.end();) {
        const auto& [id, relay] = *at;
        const bool lost_origin = relay.back == neighbor;
        if (!lost_origin && relay.onward != neighbor) {
            ++at;
            continue;
        }
        Circuit close = frame_of(id, CircuitKind::Close, lost_origin);
        close.end = CircuitEnd::Broken;
        send_close(lost_origin ? relay.onward : relay.back, close, now);
        at = relays_.erase(at);
    }
}

// Ways.

void Circuits::look_for_way(Ends::iterator at, Instant now) {
    End& end = at->second;
    if (now - end.opened_at >= (end.was_open ? kCircuitWayPatience : kCircuitOpenPatience)) {
        finish(at, CircuitEnd::NoWay);
        return;
    }
    end.way_at = now + kCircuitWayInterval;
    end.neighbor = listener_.way_to(end.destination, {});
    if (end.neighbor == NodeId()) {
        return;
    }
    ++end.way;
    Circuit open = frame_of(at->first, CircuitKind::Open, true);
    open.destination = end.destination;
    open.way = end.way;
    open.hops_left = kHopsMax;
    open.resumes = end.was_open;
    listener_.send_circuit(end.neighbor, open, now);
}

/// Its origin looks for another one; its destination waits for that.
void Circuits::lose_way(End& end, Instant now) {
    const bool had_one = std::exchange(end.is_confirmed, false);
    end.neighbor = NodeId();
    end.resend_at = Instant::never();
    if (had_one) {
        ++counters_.ways_lost;
        end.opened_at = now;
    }
    if (!end.is_origin) {
        end.way_at = end.opened_at + kCircuitWayPatience + kCircuitWayInterval;
    } else {
        end.way_at = had_one ? now : std::max(end.way_at, now + kCircuitWayInterval);
    }
}

/// It is over, and not because this node wanted it.
void Circuits::finish(Ends::iterator at, CircuitEnd why) {
    const bool is_watched = !at->second.is_closing;
    const CircuitId id = at->first;
    ++counters_.ended[static_cast<std::size_t>(why)];
    ends_.erase(at);
    if (is_watched) {
        port_->on_circuit_end(id, why);
    }
}

// What leaves.

void Circuits::refuse(NodeId from, const CircuitId& id, CircuitEnd why, Instant now) {
    Circuit close = frame_of(id, CircuitKind::Close, false);
    close.end = why;
    send_close(from, close, now);
}

Circuit Circuits::close_of(Ends::const_iterator at, CircuitEnd why) {
    Circuit close = frame_of(at->first, CircuitKind::Close, at->second.is_origin);
    close.end = why;
    return close;
}

void Circuits::send_close(NodeId to, const Circuit& close, Instant now) {
    if (to != NodeId()) {
        listener_.send_circuit(to, close, now);
    }
}

void Circuits::send_room(Ends::iterator at, Instant now) {
    End& end = at->second;
    end.room_at = Instant::never();
    end.told_at = now;
    const CircuitFlow::Room told = end.flow.tell_room();
    Circuit room = frame_of(at->first, CircuitKind::Room, end.is_origin);
    room.received = told.received;
    room.allowed = told.allowed;
    listener_.send_circuit(end.neighbor, room, now);
}

/// One frame of each circuit in turn, and one of each neighbour's queue, while there is room.
void Circuits::flush(Instant now) {
    for (auto at = ends_.begin(); at != ends_.end(); ++at) {
        if (at->second.is_confirmed && at->second.flow.is_room_urgent()) {
            send_room(at, now);
        }
    }
    bool has_sent = true;
    while (has_sent) {
        has_sent = send_waiting(now);
        has_sent = send_of_ends(now) || has_sent;
    }
}

bool Circuits::send_waiting(Instant now) {
    bool has_sent = false;
    for (auto queue = waiting_.begin(); queue != waiting_.end();) {
        auto& [neighbor, frames] = *queue;
        if (listener_.has_circuit_room(neighbor)) {
            const Waiting& first = frames.front();
            Circuit frame = frame_of(first.id, CircuitKind::Bytes, first.is_from_origin);
            frame.before = first.before;
            frame.bytes = first.bytes;
            listener_.send_circuit(neighbor, frame, now);
            counters_.bytes_carried += first.bytes.size();
            waiting_bytes_ -= cost_of(first.bytes);
            frames.pop_front();
            has_sent = true;
        }
        queue = frames.empty() ? waiting_.erase(queue) : std::next(queue);
    }
    return has_sent;
}

/// Begins behind the one that was served last, so that little room is not always of the first.
bool Circuits::send_of_ends(Instant now) {
    bool has_sent = false;
    const auto begin = ends_.upper_bound(last_served_);
    for (auto at = begin; at != ends_.end(); ++at) {
        has_sent = send_next(at, now) || has_sent;
    }
    for (auto at = ends_.begin(); at != begin; ++at) {
        has_sent = send_next(at, now) || has_sent;
    }
    return has_sent;
}

bool Circuits::send_next(Ends::iterator at, Instant now) {
    End& end = at->second;
    if (!end.is_confirmed || !end.flow.has_next() || !listener_.has_circuit_room(end.neighbor)) {
        return false;
    }
    const CircuitFlow::Piece piece = end.flow.next();
    Circuit frame = frame_of(at->first, CircuitKind::Bytes, end.is_origin);
    frame.before = piece.before;
    frame.bytes = piece.bytes;
    listener_.send_circuit(end.neighbor, frame, now);
    counters_.bytes_out += piece.bytes.size();
    if (end.resend_at == Instant::never()) {
        end.resend_at = now + end.resend_after;
    }
    last_served_ = at->first;
    return true;
}

// Time.

void Circuits::on_timer(Instant now) {
    for (auto at = ends_.begin(); at != ends_.end();) {
        const auto next = std::next(at);
        if (deadline_of(at->second) <= now) {
            on_end_timer(at, now);
        }
        at = next;
    }
    if (relays_checked_at_ > now) {
        return;
    }
    relays_checked_at_ = Instant::never();
    for (auto at = relays_.begin(); at != relays_.end();) {
        const Instant silent_at = at->second.heard_at + kRelaySilenceMax;
        if (silent_at <= now) {
            at = relays_.erase(at);
        } else {
            relays_checked_at_ = std::min(relays_checked_at_, silent_at);
            ++at;
        }
    }
}

void Circuits::on_end_timer(Ends::iterator at, Instant now) {
    End& end = at->second;
    if (end.heard_at + kCircuitSilenceMax <= now || end.close_by <= now) {
        send_close(end.neighbor, close_of(at, CircuitEnd::Gone), now);
        finish(at, CircuitEnd::Broken);
        return;
    }
    if (end.is_confirmed) {
        if (end.resend_at <= now) {
            ++counters_.resends;
            end.flow.go_back();
            end.resend_after = std::min(2 * end.resend_after, kCircuitResendMax);
            end.resend_at = end.flow.has_next() ? now + end.resend_after : Instant::never();
        }
        if (end.told_at + kCircuitAliveInterval <= now ||
            (end.room_at <= now && end.flow.is_room_news())) {
            send_room(at, now);
        }
        end.room_at = end.room_at <= now ? Instant::never() : end.room_at;
    }
    if (end.way_at > now) {
        return;
    }
    if (end.is_origin) {
        look_for_way(at, now);
    } else {
        finish(at, CircuitEnd::Broken);
    }
}

Instant Circuits::deadline_of(const End& end) {
    const Instant of_life = std::min({end.way_at, end.close_by, end.heard_at + kCircuitSilenceMax});
    return end.is_confirmed ? std::min({of_life, end.room_at, end.resend_at,
                                        end.told_at + kCircuitAliveInterval})
                            : of_life;
}

Instant Circuits::deadline() const {
    Instant earliest = relays_checked_at_;
    for (const auto& [id, end] : ends_) {
        earliest = std::min(earliest, deadline_of(end));
    }
    return earliest;
}

CircuitCounters Circuits::counters() const {
    CircuitCounters now = counters_;
    now.ends = ends_.size();
    now.carried = relays_.size();
    return now;
}

}  // namespace kith::mesh

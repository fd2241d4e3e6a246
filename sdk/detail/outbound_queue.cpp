#include "sdk/detail/outbound_queue.h"

#include <utility>

#include "base/check.h"

namespace kith::sdk {

using State = OutboundQueue::Entry::State;

Done OutboundQueue::add(OutboundMessage message, DoneHandler done) {
    const std::size_t bytes = bytes_of(message);
    if (entries_.size() >= limits_.messages_max || bytes_ + bytes > limits_.bytes_max) {
        return Failure{FailureKind::Limit, "too many messages wait to be sent or acknowledged"};
    }
    bytes_ += bytes;
    entries_.push_back({.message = std::move(message), .done = std::move(done)});
    if (next_ == entries_.end()) {
        next_ = std::prev(entries_.end());
    }
    return {};
}

OutboundQueue::Entry* OutboundQueue::next(std::size_t inflight_max) {
    while (next_ != entries_.end() && next_->state != State::Waiting) {
        ++next_;
    }
    if (next_ == entries_.end()) {
        return nullptr;
    }
    if (next_->message.qos == Qos::AtMostOnce) {
        return &*next_;
    }
    if (inflight_count_ >= inflight_max) {
        return nullptr;
    }
    if (next_->packet_id == PacketId{}) {
        const std::optional<PacketId> id = packet_ids_.take();
        if (!id) {
            return nullptr;
        }
        next_->packet_id = *id;
        by_packet_id_.emplace(*id, next_);
    }
    return &*next_;
}

void OutboundQueue::next_was_sent() {
    CHECK(next_ != entries_.end());
    const Iterator sent = next_;
    if (sent->message.qos == Qos::AtMostOnce) {
        remove(sent, {});
        return;
    }
    sent->state = State::Sent;
    ++inflight_count_;
    ++next_;
}

void OutboundQueue::next_is_refused(Failure failure) {
    CHECK(next_ != entries_.end());
    remove(next_, std::move(failure));
}

void OutboundQueue::mark_unwanted(PacketId id) {
    if (const auto found = by_packet_id_.find(id); found != by_packet_id_.end()) {
        found->second->is_unwanted = true;
    }
}

bool OutboundQueue::complete(PacketId id, Done outcome) {
    const auto found = by_packet_id_.find(id);
    if (found == by_packet_id_.end() || found->second->state == State::Waiting) {
        return false;
    }
    if (outcome && found->second->message.needs_receiver && found->second->is_unwanted) {
        outcome = Failure{FailureKind::Absent, "nobody receives " + found->second->message.topic};
    }
    remove(found->second, std::move(outcome));
    return true;
}

bool OutboundQueue::release(PacketId id) {
    const auto found = by_packet_id_.find(id);
    if (found == by_packet_id_.end() || found->second->state == State::Waiting ||
        found->second->message.qos != Qos::ExactlyOnce) {
        return false;
    }
    found->second->state = State::Released;
    return true;
}

std::vector<PacketId> OutboundQueue::resume(bool session_present) {
    std::vector<PacketId> released;
    std::vector<Iterator> accepted;
    inflight_count_ = 0;
    for (Iterator entry = entries_.begin(); entry != entries_.end(); ++entry) {
        if (entry->packet_id == PacketId{}) {
            continue;
        }
        if (entry->state == State::Released) {
            // The node had the message before the connection broke.
            ++inflight_count_;
            if (session_present) {
                released.push_back(entry->packet_id);
            } else {
                accepted.push_back(entry);
            }
            continue;
        }
        // [MQTT-3.3.1-1]: DUP tells of an earlier attempt within the same session.
        entry->dup = session_present && (entry->dup || entry->state == State::Sent);
        entry->state = State::Waiting;
        entry->is_unwanted = false;
        if (!session_present) {
            by_packet_id_.erase(entry->packet_id);
            packet_ids_.release(std::exchange(entry->packet_id, PacketId{}));
        }
    }
    next_ = entries_.begin();
    for (const Iterator entry : accepted) {
        remove(entry, {});
    }
    return released;
}

void OutboundQueue::fail_all(const Failure& failure) {
    while (!entries_.empty()) {
        remove(entries_.begin(), failure);
    }
}

/// Calls the handler last: it may publish again.
void OutboundQueue::remove(Iterator entry, Done outcome) {
    if (entry->packet_id != PacketId{}) {
        by_packet_id_.erase(entry->packet_id);
        packet_ids_.release(entry->packet_id);
    }
    if (entry->state != State::Waiting) {
        --inflight_count_;
    }
    if (next_ == entry) {
        ++next_;
    }
    bytes_ -= bytes_of(entry->message);
    const DoneHandler done = std::move(entry->done);
    entries_.erase(entry);
    if (done) {
        done(std::move(outcome));
    }
}

}  // namespace kith::sdk

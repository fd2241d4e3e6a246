#include "mesh/detail/record_outboxes.h"

#include <algorithm>

#include "base/check.h"

namespace kith::mesh {

RecordOutboxes::Index RecordOutboxes::open() {
    Index neighbor = 0;
    while (neighbor < outboxes_.size() && outboxes_[neighbor].is_open) {
        ++neighbor;
    }
    if (neighbor == outboxes_.size()) {
        CHECK(neighbor < kNeighborSessionsMax);
        outboxes_.emplace_back();
        widen(neighbor / kWordBits + 1);
    }
    outboxes_[neighbor] = Outbox{};
    outboxes_[neighbor].is_open = true;
    open_[neighbor / kWordBits] |= bit_of(neighbor);
    return neighbor;
}

void RecordOutboxes::close(Index neighbor) {
    outboxes_[neighbor] = Outbox{};
    const std::uint64_t others = ~bit_of(neighbor);
    open_[neighbor / kWordBits] &= others;
    for (std::size_t at = neighbor / kWordBits; at < flags_.size(); at += words_) {
        flags_[at].waiting &= others;
        flags_[at].flying &= others;
    }
}

void RecordOutboxes::widen(std::size_t words) {
    if (words <= words_) {
        return;
    }
    std::vector<Flags> wider(flags_.size() / words_ * words);
    for (std::size_t i = 0; i < flags_.size(); ++i) {
        wider[i / words_ * words + i % words_] = flags_[i];
    }
    flags_ = std::move(wider);
    words_ = words;
    open_.resize(words);
}

void RecordOutboxes::make_room(RecordSlot slot) {
    if ((slot + 1) * words_ > flags_.size()) {
        flags_.resize((slot + 1) * words_);
    }
}

void RecordOutboxes::add(Index neighbor, RecordSlot slot) {
    make_room(slot);
    Flags& record = flags(neighbor, slot);
    if (((record.waiting | record.flying) & bit_of(neighbor)) == 0) {
        record.waiting |= bit_of(neighbor);
        enqueue(neighbor, slot);
    }
}

void RecordOutboxes::add_to_all(RecordSlot slot, Index but) {
    make_room(slot);
    for (std::size_t word = 0; word < words_; ++word) {
        Flags& record = flags_[slot * words_ + word];
        DCHECK((record.waiting | record.flying) == 0);
        record.waiting = open_[word];
        if (but != kNobody && but / kWordBits == word) {
            record.waiting &= ~bit_of(but);
        }
        for_each(record.waiting, word, [&](Index neighbor) { enqueue(neighbor, slot); });
    }
}

void RecordOutboxes::withdraw(RecordSlot slot) {
    make_room(slot);
    for (std::size_t word = 0; word < words_; ++word) {
        Flags& record = flags_[slot * words_ + word];
        for_each(record.waiting, word,
                 [&](Index neighbor) { --outboxes_[neighbor].waiting_count; });
        record.waiting = 0;
        for_each(record.flying, word, [&](Index neighbor) { land(neighbor, slot); });
    }
}

void RecordOutboxes::on_known(Index neighbor, RecordSlot slot, Instant now) {
    make_room(slot);
    Flags& record = flags(neighbor, slot);
    Outbox& outbox = outboxes_[neighbor];
    if ((record.waiting & bit_of(neighbor)) != 0) {
        record.waiting &= ~bit_of(neighbor);
        --outbox.waiting_count;
    }
    if ((record.flying & bit_of(neighbor)) != 0) {
        if (outbox.timed_slot == slot) {
            measure(outbox, now - outbox.timed_since);
        }
        land(neighbor, slot);
    }
}

void RecordOutboxes::enqueue(Index neighbor, RecordSlot slot) {
    Outbox& outbox = outboxes_[neighbor];
    ++outbox.waiting_count;
    outbox.queue.push_back(slot);
    if (outbox.queue.size() <= 2 * outbox.waiting_count + kQueueSlack) {
        return;
    }
    // Most of it is void: what waits is found anew.
    outbox.queue.clear();
    for (RecordSlot other = 0; other * words_ < flags_.size(); ++other) {
        if ((flags(neighbor, other).waiting & bit_of(neighbor)) != 0) {
            outbox.queue.push_back(other);
        }
    }
}

RecordSlot RecordOutboxes::take_next(Index neighbor) {
    Outbox& outbox = outboxes_[neighbor];
    if (outbox.waiting_count == 0 || outbox.bytes_in_flight >= kRecordBytesInFlightMax) {
        return kNoSlot;
    }
    while (true) {  // bounded by the queue, which has all that waits
        const RecordSlot slot = outbox.queue.front();
        outbox.queue.pop_front();
        Flags& record = flags(neighbor, slot);
        if ((record.waiting & bit_of(neighbor)) != 0) {
            record.waiting &= ~bit_of(neighbor);
            if (--outbox.waiting_count == 0) {
                outbox.queue.clear();
            }
            return slot;
        }
    }
}

void RecordOutboxes::on_sent(Index neighbor, Overdue what, Instant now) {
    Outbox& outbox = outboxes_[neighbor];
    Flags& record = flags(neighbor, what.slot);
    if ((record.flying & bit_of(neighbor)) == 0) {
        record.flying |= bit_of(neighbor);
        ++outbox.flying_count;
        outbox.bytes_in_flight += bytes_of(what.slot);
    }
    if (outbox.timed_slot == kNoSlot) {
        outbox.timed_slot = what.slot;
        outbox.timed_since = now;
    }
    outbox.flights.push_back({.slot = what.slot,
                              .counter = store_.at(what.slot).version.counter,
                              .sent_at = now,
                              .sends = what.sends + 1});
}

std::vector<RecordOutboxes::Overdue> RecordOutboxes::take_overdue(Index neighbor, Instant now) {
    std::vector<Overdue> overdue;
    Outbox& outbox = outboxes_[neighbor];
    while (!outbox.flights.empty() && outbox.flights.front().sent_at + outbox.patience <= now) {
        const Flight flight = outbox.flights.front();
        outbox.flights.pop_front();
        const bool is_flying = (flags(neighbor, flight.slot).flying & bit_of(neighbor)) != 0;
        if (!is_flying || store_.at(flight.slot).version.counter != flight.counter) {
            continue;
        }
        if (flight.sends >= kRecordSendsMax) {
            land(neighbor, flight.slot);
        } else {
            overdue.push_back({.slot = flight.slot, .sends = flight.sends});
        }
    }
    if (!overdue.empty()) {
        outbox.patience = std::min(outbox.patience * 2, kRecordRetransmitIntervalMax);
    }
    return overdue;
}

Instant RecordOutboxes::deadline(Index neighbor) const {
    const Outbox& outbox = outboxes_[neighbor];
    return outbox.flights.empty() ? Instant::never()
                                  : outbox.flights.front().sent_at + outbox.patience;
}

/// Requires: it is in flight.
void RecordOutboxes::land(Index neighbor, RecordSlot slot) {
    Outbox& outbox = outboxes_[neighbor];
    flags(neighbor, slot).flying &= ~bit_of(neighbor);
    outbox.bytes_in_flight -= bytes_of(slot);
    if (outbox.timed_slot == slot) {
        outbox.timed_slot = kNoSlot;
    }
    if (--outbox.flying_count == 0) {
        outbox.flights.clear();
    }
}

// An eighth of the newest, as TCP does. From the first time that a record was sent: what is lost
// makes the time longer, never so short that all is sent twice.
void RecordOutboxes::measure(Outbox& outbox, Duration round_trip) {
    outbox.round_trip = outbox.round_trip == Duration::zero()
                            ? round_trip
                            : outbox.round_trip + (round_trip - outbox.round_trip) / 8;
    outbox.patience =
        std::clamp(outbox.round_trip * 2, kRecordRetransmitInterval, kRecordRetransmitIntervalMax);
}

}  // namespace kith::mesh

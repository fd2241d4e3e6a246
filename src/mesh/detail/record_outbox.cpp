#include "mesh/detail/record_outbox.h"

#include <algorithm>
#include <iterator>

namespace kith::mesh {

void RecordOutbox::add(const RecordKey& key, const Version& version) {
    const auto flight = flights_.find(key);
    if (flight != flights_.end()) {
        if (flight->second.version >= version) {
            return;
        }
        land(flight);
    }
    waiting_.insert(key);
}

void RecordOutbox::on_known(const RecordKey& key, const Version& version, const Version& newest,
                            Instant now) {
    if (version < newest) {
        return;
    }
    waiting_.erase(key);
    const auto flight = flights_.find(key);
    if (flight == flights_.end()) {
        return;
    }
    measure(now - flight->second.first_sent_at);
    land(flight);
}

void RecordOutbox::remove(const RecordKey& key) {
    waiting_.erase(key);
    if (const auto flight = flights_.find(key); flight != flights_.end()) {
        land(flight);
    }
}

std::optional<RecordKey> RecordOutbox::take_next() {
    if (waiting_.empty() || bytes_in_flight_ >= kRecordBytesInFlightMax) {
        return std::nullopt;
    }
    const RecordKey key = *waiting_.begin();
    waiting_.erase(waiting_.begin());
    return key;
}

void RecordOutbox::on_sent(const RecordKey& key, const Version& version, std::size_t bytes,
                           Instant now) {
    Flight& flight = flights_[key];
    if (flight.version != version) {
        bytes_in_flight_ += bytes - flight.bytes;
        flight = Flight{};
        flight.version = version;
        flight.first_sent_at = now;
        flight.bytes = bytes;
    }
    ++flight.sends;
    flight.sent_at = now;
    check_at_ = std::min(check_at_, now + patience_);
}

std::vector<RecordKey> RecordOutbox::take_overdue(Instant now) {
    std::vector<RecordKey> overdue;
    if (now < check_at_) {
        return overdue;
    }
    Instant next_check_at = Instant::never();
    for (auto flight = flights_.begin(); flight != flights_.end();) {
        const auto current = flight++;
        const Instant due_at = current->second.sent_at + patience_;
        if (due_at > now) {
            next_check_at = std::min(next_check_at, due_at);
        } else if (current->second.sends >= kRecordSendsMax) {
            land(current);
        } else {
            overdue.push_back(current->first);
        }
    }
    check_at_ = next_check_at;
    if (!overdue.empty()) {
        patience_ = std::min(patience_ * 2, kRecordRetransmitIntervalMax);
    }
    return overdue;
}

void RecordOutbox::land(Flights::iterator flight) {
    bytes_in_flight_ -= flight->second.bytes;
    flights_.erase(flight);
    if (flights_.empty()) {
        check_at_ = Instant::never();
    }
}

// An eighth of the newest, as TCP does. From the first time that a record was sent: what is lost
// makes the time longer, never so short that all is sent twice.
void RecordOutbox::measure(Duration round_trip) {
    round_trip_ =
        round_trip_ == Duration::zero() ? round_trip : round_trip_ + (round_trip - round_trip_) / 8;
    patience_ =
        std::clamp(round_trip_ * 2, kRecordRetransmitInterval, kRecordRetransmitIntervalMax);
}

}  // namespace kith::mesh

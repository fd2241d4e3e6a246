// What one neighbour is to be sent of the records, and what of it has not arrived yet.
//
// Keys, not records: what leaves is the newest of a key at that moment. Some are in flight, until
// the neighbour acknowledges them or sends them itself; the others wait until there is room. What
// is not acknowledged is sent again, after twice the time that acknowledgements take, then after
// twice that. Limits: kRecordBytesInFlightMax; a key is here once.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/time.h"
#include "mesh/limits.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

class RecordOutbox {
  public:
    /// The neighbour lacks it, or has an older one than this.
    void add(const RecordKey& key, const Version& version);
    /// The neighbour has this, or a newer one. `newest` is what this node has.
    void on_known(const RecordKey& key, const Version& version, const Version& newest, Instant now);

    /// There is nothing to send any more.
    void remove(const RecordKey& key);

    /// The next to send; nothing if none waits, or too much is in flight.
    [[nodiscard]] std::optional<RecordKey> take_next();
    /// What take_next() or take_overdue() gave was sent.
    void on_sent(const RecordKey& key, const Version& version, std::size_t bytes, Instant now);
    /// What has to be sent again.
    [[nodiscard]] std::vector<RecordKey> take_overdue(Instant now);
    /// Nothing is overdue before that.
    [[nodiscard]] Instant deadline() const { return check_at_; }

    [[nodiscard]] bool is_empty() const { return waiting_.empty() && flights_.empty(); }

  private:
    struct Flight {
        Version version;
        Instant first_sent_at;
        Instant sent_at;
        std::size_t bytes = 0;
        int sends = 0;
    };
    using Flights = std::map<RecordKey, Flight>;

    void land(Flights::iterator flight);
    void measure(Duration round_trip);

    std::set<RecordKey> waiting_;
    Flights flights_;
    std::size_t bytes_in_flight_ = 0;
    Duration round_trip_{};  // smoothed; 0: not measured
    Duration patience_ = kRecordRetransmitInterval;
    Instant check_at_ = Instant::never();
};

}  // namespace kith::mesh

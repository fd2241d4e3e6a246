// What each neighbour is to be sent of the records, and what of it has not arrived yet.
//
// For each record and neighbour two flags, as IS-IS has them (ISO 10589, 7.3.15): it waits, or it
// is in flight, until the neighbour acknowledges it or sends it itself. What leaves is the newest
// at that moment, so flags need no versions, and a record that everybody has known for long costs
// nothing. What is not acknowledged is sent again, after twice the time that acknowledgements take,
// then after twice that. The flags of a record lie together: one that arrives touches them once,
// however many neighbours there are. Threads: shard-local. Limits: kRecordBytesInFlightMax,
// kNeighborSessionsMax; a queue has at most twice what waits, and kQueueSlack.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/time.h"
#include "mesh/detail/record_store.h"
#include "mesh/limits.h"

namespace kith::mesh {

class RecordOutboxes {
  public:
    /// A neighbour, while there is one.
    using Index = std::size_t;
    static constexpr Index kNobody = SIZE_MAX;

    /// The store outlives it, and says what there is to send.
    explicit RecordOutboxes(const RecordStore& store) : store_(store) {}

    /// A neighbour of which nothing is known.
    [[nodiscard]] Index open();
    void close(Index neighbor);

    /// The neighbour lacks it.
    void add(Index neighbor, RecordSlot slot);
    /// To be called before the store changes or removes it: nobody waits for it any more.
    void withdraw(RecordSlot slot);
    /// Has been withdrawn, or is new: all lack it but one.
    void add_to_all(RecordSlot slot, Index but);
    /// The neighbour has what this node has.
    void on_known(Index neighbor, RecordSlot slot, Instant now);

    /// The next to send; kNoSlot if none waits, or too much is in flight.
    [[nodiscard]] RecordSlot take_next(Index neighbor);
    /// What take_next() or take_overdue() gave was sent.
    struct Overdue {
        RecordSlot slot = kNoSlot;
        int sends = 0;
    };
    void on_sent(Index neighbor, Overdue what, Instant now);
    /// What has to be sent again.
    [[nodiscard]] std::vector<Overdue> take_overdue(Index neighbor, Instant now);
    /// Nothing is overdue before that.
    [[nodiscard]] Instant deadline(Index neighbor) const;

    [[nodiscard]] bool has_waiting(Index neighbor) const {
        return outboxes_[neighbor].waiting_count > 0;
    }
    /// Not too much is in flight.
    [[nodiscard]] bool has_room(Index neighbor) const {
        return outboxes_[neighbor].bytes_in_flight < kRecordBytesInFlightMax;
    }
    [[nodiscard]] bool is_empty(Index neighbor) const {
        return outboxes_[neighbor].waiting_count == 0 && outboxes_[neighbor].flying_count == 0;
    }

  private:
    static constexpr std::size_t kQueueSlack = 64;
    static constexpr std::size_t kWordBits = 64;

    struct Flags {
        std::uint64_t waiting = 0;
        std::uint64_t flying = 0;
    };
    /// Void if it is not in flight any more, or as another version.
    struct Flight {
        RecordSlot slot = kNoSlot;
        std::uint32_t counter = 0;  // of its version
        Instant sent_at;
        int sends = 0;
    };
    struct Outbox {
        bool is_open = false;
        std::deque<RecordSlot> queue;  // what waits, and what does not any more
        std::deque<Flight> flights;    // in order of time
        std::size_t waiting_count = 0;
        std::size_t flying_count = 0;
        std::size_t bytes_in_flight = 0;
        RecordSlot timed_slot = kNoSlot;  // the one whose acknowledgement is timed
        Instant timed_since;
        Duration round_trip{};  // smoothed; 0: not measured
        Duration patience = kRecordRetransmitInterval;
    };

    [[nodiscard]] Flags& flags(Index neighbor, RecordSlot slot) {
        return flags_[slot * words_ + neighbor / kWordBits];
    }
    [[nodiscard]] static std::uint64_t bit_of(Index neighbor) {
        return std::uint64_t{1} << neighbor % kWordBits;
    }
    template <typename Call>
    static void for_each(std::uint64_t bits, std::size_t word, const Call& call) {
        for (; bits != 0; bits &= bits - 1) {
            call(word * kWordBits + static_cast<std::size_t>(std::countr_zero(bits)));
        }
    }
    void make_room(RecordSlot slot);
    void widen(std::size_t words);
    void enqueue(Index neighbor, RecordSlot slot);
    void land(Index neighbor, RecordSlot slot);
    static void measure(Outbox& outbox, Duration round_trip);
    [[nodiscard]] std::size_t bytes_of(RecordSlot slot) const {
        return store_.at(slot).told.bytes().size();
    }

    const RecordStore& store_;
    std::vector<Outbox> outboxes_;
    std::size_t words_ = 1;                  // of flags a record
    std::vector<Flags> flags_;               // by slot, then by word
    std::vector<std::uint64_t> open_ = {0};  // who is there, by word
};

}  // namespace kith::mesh

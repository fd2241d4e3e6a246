// A message while this node answers for it, and how far it has got with each destination.
#pragma once

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "base/shared_bytes.h"
#include "base/time.h"
#include "mesh/ports.h"
#include "wire/mesh/frames.h"

namespace kith::mesh {

/// The way of a message to one destination.
struct Leg {
    Destination to;
    NodeId via;        // the neighbour that has it now; 0: it waits here
    NodeId avoid;      // gave it back; not tried again until routes change
    Instant tried_at;  // sent, or found without a way
    std::uint8_t tries = 0;
    NodeId waits_for;      // room to this neighbour; it is in the queue for it
    bool leaves = false;   // with the copy that is written now
    bool is_due = true;    // to be tried now; else when it is overdue, or something has changed
    bool is_open = true;   // within the window of its stream; only the origin closes it
    bool is_held = false;  // a second disk has it
    bool may_be_there = false;  // was sent at least once, by this life or one before
    NodeIds upstreams;          // who waits for the acknowledgement; none at the origin
};

/// Its own copy of everything: what came in was borrowed.
class HeldMessage {
  public:
    HeldMessage(const Data& data, Instant now);
    HeldMessage(const HeldMessage&) = delete;
    HeldMessage& operator=(const HeldMessage&) = delete;

    [[nodiscard]] const DataId& id() const { return data_.id; }
    [[nodiscard]] const Data& data() const { return data_; }
    [[nodiscard]] const SharedBytes& payload() const { return payload_; }
    /// In memory.
    [[nodiscard]] std::size_t bytes() const { return text_.size() + payload_.bytes().size(); }
    /// Its content is on disk alone, and so large.
    [[nodiscard]] bool is_away() const { return is_away_; }
    [[nodiscard]] std::size_t away_bytes() const { return away_bytes_; }
    void put_away();
    /// With what the disk had of it. Requires: is_away().
    void bring_back(const Data& content);
    [[nodiscard]] bool has_expired(Instant now) const;
    /// When it expires, or has been here for `age_max`.
    [[nodiscard]] Instant lapses_at(Duration age_max) const;
    /// Gives up what it says and keeps its places in the streams.
    void make_void();
    /// As it leaves now, for these destinations.
    [[nodiscard]] Data outgoing(Destinations destinations, Instant now) const;

    [[nodiscard]] Leg* leg(NodeId destination);
    void erase_leg(NodeId destination);

    boost::container::small_vector<Leg, 2> legs;
    CustodyTicket ticket;  // 0: not stored here
    bool is_own = false;   // its destinations' places were given here
    bool is_stored = false;
    bool is_told = false;    // its publisher
    bool is_wanted = false;  // from the disk; until the end of the turn in which it came
    Instant listed_at = Instant::never();  // as lapsing then; never: not listed
    std::uint64_t token = 0;
    PublishLevel level = PublishLevel::Local;

  private:
    void hold_content(const Data& content);

    Data data_;  // views into text_ and payload_; without destinations
    std::vector<std::uint8_t> text_;
    SharedBytes payload_;
    Instant held_since_;
    std::size_t away_bytes_ = 0;
    bool is_away_ = false;
};

}  // namespace kith::mesh

// What one shard of the broker has counted since its start, and what it holds now.
//
// Plain integers, written by their shard and read by it: others ask by mail and get a copy. Sums
// over shards are the node's. Names as in docs/reference/metrics.md, without the kith_ prefix.
#pragma once

#include <array>
#include <cstdint>

#include "broker/limit.h"

namespace kith::broker {

/// Delays in powers of two of a microsecond: bucket i counts delays below 2^i us.
struct DelayHistogram {
    static constexpr std::size_t kBuckets = 32;
    std::array<std::uint64_t, kBuckets> counts{};

    void record_us(std::uint64_t delay_us, std::uint64_t count = 1);
    void add(const DelayHistogram& other);
    [[nodiscard]] std::uint64_t total() const;
    /// Upper bound in microseconds of the given share (0 to 1) of delays; 0 if nothing was counted.
    [[nodiscard]] std::uint64_t quantile_us(double share) const;
};

struct Counters {
    // Since the start.
    std::uint64_t messages_in = 0;   // PUBLISH packets taken from clients
    std::uint64_t messages_out = 0;  // PUBLISH packets sent to clients, resends included
    std::uint64_t controls_in = 0;   // packets of all other types
    std::uint64_t controls_out = 0;
    std::uint64_t payload_bytes_in = 0;  // of messages_in
    std::uint64_t payload_bytes_out = 0;
    std::uint64_t bytes_in = 0;  // all MQTT bytes
    std::uint64_t bytes_out = 0;
    std::uint64_t connects_accepted = 0;
    std::uint64_t connects_refused = 0;
    std::uint64_t takeovers = 0;
    std::uint64_t disconnects = 0;
    std::uint64_t protocol_errors = 0;
    std::uint64_t keep_alive_timeouts = 0;
    std::uint64_t credentials_expired = 0;  // connections ended because theirs did
    std::uint64_t dropped_slow = 0;         // QoS 0, receiver too slow
    std::uint64_t dropped_queue_full = 0;   // QoS 1 and 2, session's queue full
    std::uint64_t dropped_memory = 0;       // any QoS, the receiver's share of memory is full
    std::uint64_t dropped_expired = 0;      // message expiry
    std::uint64_t dropped_too_large = 0;    // larger than the client's Maximum Packet Size
    std::uint64_t dropped_no_receiver = 0;  // nobody subscribed
    std::uint64_t entries_refused = 0;      // of the directory of machines
    std::uint64_t no_responders = 0;        // requests that were answered so, of those
    std::uint64_t refused_retained_full = 0;
    std::uint64_t refused_from_mesh = 0;  // another node sent what no client may publish
    std::uint64_t barriers_partial = 0;   // SUBACKs before all nodes of the mesh had answered
    std::uint64_t refused_not_authorized = 0;
    std::uint64_t denied_publishes = 0;       // by hard rules or roles
    std::uint64_t denied_subscribes = 0;      // the same; part of refused_not_authorized
    std::uint64_t subscriptions_revoked = 0;  // ended because roles had changed
    std::uint64_t wills_published = 0;
    std::uint64_t sessions_expired = 0;
    std::uint64_t sessions_moved_in = 0;           // from other nodes of the mesh
    std::uint64_t sessions_moved_out = 0;          // to them
    std::uint64_t sessions_fenced = 0;             // ended: another node had begun a later one
    std::uint64_t session_moves_timed_out = 0;     // begun anew, for the old one was out of reach
    std::uint64_t session_messages_forwarded = 0;  // that came for sessions that had moved
    std::uint64_t session_messages_twice = 0;      // through two nodes, and taken once
    DelayHistogram session_moves;                  // CONNECT until the session is here
    std::uint64_t topics_evicted = 0;
    std::uint64_t publishers_held = 0;  // times a publisher was paused for a slow receiver
    std::uint64_t slow_episodes = 0;    // times a client became slow (slow_clients)
    std::uint64_t shared_returned = 0;  // offered to another member of a shared group
    std::uint64_t spilled = 0;          // messages that went to a queue's part on disk
    std::uint64_t spill_loaded = 0;     // and came back
    DelayHistogram delivery;            // arrival to hand-over to the receiver's socket buffer
    LimitCounts limits;                 // by Limit

    // Now.
    std::uint64_t connections = 0;
    std::uint64_t sessions = 0;
    std::uint64_t sessions_watched = 0;  // that have moved here: messages may come in two ways
    std::uint64_t subscriptions = 0;
    std::uint64_t shared_subscriptions = 0;  // of these
    std::uint64_t retained = 0;
    std::uint64_t retained_bytes = 0;
    std::uint64_t queued_messages = 0;  // QoS 1 and 2, sent or not
    std::uint64_t queued_bytes = 0;
    std::uint64_t held_bytes = 0;  // memory of all that waits, as mqtt.queued_bytes_max counts
    std::uint64_t spilled_messages = 0;  // of the queued ones: on disk only
    std::uint64_t spilled_bytes = 0;
    std::uint64_t topics = 0;
    std::uint64_t slow_clients = 0;  // do not take what waits for them

    void add(const Counters& other);
};

}  // namespace kith::broker

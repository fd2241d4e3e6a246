// One node of the mesh: bytes and time in, bytes and events out.
//
// The same code runs in the daemon, in the simulator and in the embedded library. It composes
//
//     neighbors    who is there, how good the way is, and whether it still is detail/neighbors.h
//     records      what everybody tells everybody, signed                         detail/records.h
//     routes       the shortest ways, and the next best                           detail/routes.h
//     interest     who wants what; waves that make sure that all know it          detail/interest.h
//     custody      who answers for a message until it has arrived                 detail/custody.h
//     state        retained messages and sessions, which all have in common  detail/common_state.h
//
// and decides nothing itself. Threads: shard-local. Determinism: the same calls with the same
// arguments make the same calls out, on every machine: no iteration over hashes, no addresses as
// keys, no floating point whose result a compiler may choose. Limits: limits.h.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/qos.h"
#include "base/time.h"
#include "mesh/options.h"
#include "mesh/ports.h"

namespace kith::mesh {

/// What a client of this node publishes.
struct Publication {
    std::uint32_t tenant = 0;
    std::string_view topic;
    Bytes properties;
    Bytes payload;
    Qos qos = Qos::AtMostOnce;
    bool retain = false;
    Priority priority = Priority::Default;
    std::uint64_t flow = 0;
    std::uint64_t number = 0;  // Data::number
    WallTime published_at;
    std::uint32_t expires_after_ms = 0;  // 0: never
    PublishLevel level = PublishLevel::Local;
    /// Not for those that cannot be reached now: what is asked of somebody who is there.
    bool reachable_only = false;
};

/// What has become of a message to one node.
enum class SendOutcome : std::uint8_t {
    Sent,         // on its way
    Unreachable,  // there is no way to it now: kept for it at QoS 1 and 2, gone at QoS 0
    Unknown,      // nothing is known of such a node: not taken
    Here,         // it is this node: not taken, for it needs no mesh
    TooLarge,     // kMessageBytesMax: not taken
};

/// A subscription of this node's clients.
struct Interest {
    std::uint32_t tenant = 0;
    std::string_view share_group;  // empty: not shared
    std::string_view filter;
};

struct NeighborView {
    NodeId node;
    bool is_suspect = false;
    std::uint32_t cost = 0;
    Duration round_trip{};
    double loss = 0;  // of hellos, 0 to 1
    std::uint32_t link_count = 0;
    std::size_t custody_count = 0;  // messages sent to it that this node still answers for
};

struct RouteView {
    NodeId node;
    NodeId next_hop;     // 0: not reachable
    NodeId alternative;  // 0: none; taken while the next hop is suspect
    std::uint32_t cost = 0;
};

/// A neighbour of a node, as that node tells.
struct ToldNeighbor {
    NodeId node;
    std::uint32_t cost = 0;  // of sending to it
};

/// What a node has told of itself.
struct NodeView {
    NodeId node;
    std::string name;
    NodeRole role = NodeRole::Router;
    bool is_leaving = false;
    std::vector<ToldNeighbor> neighbors;  // in order of id
    std::vector<std::string> locators;    // HOST:PORT, where it says that it is linked to
};

/// Names an entry of the common state of its kind.
struct StateName {
    std::uint32_t tenant = 0;
    std::string_view text;
};

struct StateValue {
    Stamp stamp;
    Bytes bytes;  // valid until the next call
};

/// Of what all routers have in common (detail/common_state.h).
struct StateCounters {
    std::uint64_t entries = 0;        // now; deleted ones, too
    std::uint64_t conflicts = 0;      // two writes that did not know of one another; one is lost
    std::uint64_t repaired = 0;       // entries that were news from a neighbour
    std::uint64_t refused_ahead = 0;  // stamps too far ahead of this node's clock
    std::uint64_t refused_full = 0;   // kStateEntriesMax
};

/// Of streams of bytes (detail/circuits.h).
struct CircuitCounters {
    std::uint64_t ends = 0;      // now, from here and to here
    std::uint64_t carried = 0;   // now, of others
    std::uint64_t opened = 0;    // by this node
    std::uint64_t accepted = 0;  // of others, to here
    std::uint64_t refused_full = 0;
    std::uint64_t bytes_out = 0;  // of this node, what was sent again, too
    std::uint64_t bytes_in = 0;   // to this node, once each
    std::uint64_t bytes_carried = 0;
    std::uint64_t bytes_dropped = 0;  // of others, that there was no room for
    std::uint64_t resends = 0;
    std::uint64_t ways_lost = 0;
    std::array<std::uint64_t, kCircuitEndCount> ended{};  // from here and to here, by reason
};

struct MeshCounters {
    std::uint64_t frames_in = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t control_bytes_out = 0;
    std::uint64_t data_forwarded = 0;
    std::uint64_t data_delivered = 0;
    std::uint64_t spf_runs = 0;
    std::uint64_t custody_held = 0;   // messages now
    std::uint64_t custody_bytes = 0;  // of these, in memory
    std::uint64_t spool_count = 0;    // of these, those whose content is on disk alone
    std::uint64_t spool_bytes = 0;
    StateCounters state;
    CircuitCounters circuits;
    std::array<std::uint64_t, kDropReasonCount> drops{};
};

class MeshNode {
  public:
    struct Ports {
        LinkPort& links;
        TrustPort& trust;
        CustodyPort& custody;
        DeliveryPort& delivery;
        MeshEvents& events;
        RecordPool* record_pool = nullptr;  // without one, each node has its own copies
        StatePort* state = nullptr;         // without one, nobody keeps retained messages
        CircuitPort* circuits = nullptr;    // without one, this node is the end of no circuit
    };

    /// `seed` spreads what should not happen everywhere at once. The ports outlive the node.
    MeshNode(const MeshOptions& options, const Ports& ports, std::uint64_t seed, Instant now);
    ~MeshNode();
    MeshNode(const MeshNode&) = delete;
    MeshNode& operator=(const MeshNode&) = delete;

    /// Before anything else, in any order: what the store still holds of the life before.
    void restore(CustodyTicket ticket, const Data& data, Instant now);
    /// How far a stream has come here, as the last deliver() of it said that was stored.
    void restore_stream(const StreamPosition& stream, const StreamProgress& progress);

    /// What CustodyPort::keep_record() was given, with what is left of its life; Identity records
    /// first. Errors: one that is not (any more) to be taken.
    [[nodiscard]] Status restore_record(Bytes told, std::uint32_t left_ms, Instant now);

    /// What StatePort::keep_state() was given.
    void restore_state(const State& state, std::uint8_t told, Instant now);
    void on_state_stored(const StateKey& key, const Stamp& stamp);
    /// A retained message that is kept and for which no state was. To be called behind all
    /// restore_state().
    void adopt_retained(const StateName& topic, WallTime published_at,
                        std::uint32_t expires_after_ms, Instant now);
    /// From time to time, and when the clock was set: it stamps what is common to all. Nothing else
    /// depends on it.
    void set_wall_time(WallTime wall, Instant now);

    /// Sets an entry of the common state, or deletes it; for kinds but Retained, which publish()
    /// sets. The name and the value are kStateValueBytesMax at most. Errors: Limit.
    [[nodiscard]] Status put_state(StateKind kind, const StateName& name,
                                   std::optional<Bytes> value, Instant now);
    /// As far as this node knows; nothing of kind Retained.
    [[nodiscard]] std::optional<StateValue> find_state(StateKind kind, const StateName& name) const;

    /// Tells where this node is linked to: HOST:PORT, of which the first kLocatorsMax are told.
    void set_locators(const std::vector<std::string>& locators, Instant now);

    void on_link_up(LinkId link, const LinkPeer& peer, Instant now);
    void on_link_down(LinkId link, Instant now);
    /// Bytes as they came from a link: whole frames and the beginning of one. Returns how many were
    /// used; the host keeps the rest in front of what comes next. Errors: Malformed or Limit, for
    /// which the host closes the link.
    [[nodiscard]] Result<std::size_t> on_bytes(LinkId link, Bytes bytes, Instant now);
    void on_timer(Instant now);
    /// When on_timer() wants to be called; Instant::never() at no time. May have become earlier
    /// after any call.
    [[nodiscard]] Instant deadline() const;

    /// This node's certificate was renewed: TrustPort::certificate() is another.
    void tell_identity(Instant now);
    /// What this node tells of revocations, part by part, instead of what it told before. Errors:
    /// Limit.
    [[nodiscard]] Status tell_revocations(const std::vector<std::vector<std::uint8_t>>& bodies,
                                          Instant now);
    /// A node does not belong any more: what it has told is removed. Its links are the host's.
    void forget(NodeId node, Instant now);

    void on_stored(CustodyTicket ticket, Instant now);
    /// The content of what CustodyPort::fetch() asked for: topic, properties and payload. Null: the
    /// disk has lost it.
    void on_fetched(CustodyTicket ticket, const Data* content, Instant now);
    void on_delivered(std::uint64_t token, Instant now);

    /// Counted: as many unsubscribe() as subscribe() of the same.
    void subscribe(const Interest& interest, Instant now);
    void unsubscribe(const Interest& interest, Instant now);
    /// on_barrier(token) comes when all that can be reached know of every subscribe() before, or
    /// after barrier_timeout.
    void barrier(std::uint64_t token, Instant now);

    /// Sends to every other node that has an interest, a retained one to every router that can be
    /// reached, and to one node of each share group that has
    /// no member here; on_published(token) comes when this node's store has it (or needs not).
    /// Returns whether there is anybody to send it to.
    bool publish(const Publication& publication, std::uint64_t token, Instant now);

    /// Sends to one node, whatever it subscribes to: DeliveryPort::deliver() there has
    /// DataKind::Directed. on_published(token) comes as for publish(), of what was taken.
    SendOutcome send_to(NodeId destination, const Publication& publication, std::uint64_t token,
                        Instant now);

    /// Opens a stream of bytes to another node; on_circuit_open() follows, or on_circuit_end().
    /// Errors: NotFound (nothing is known of such a node), Invalid (it is this one), Unavailable
    /// (there is no way), Limit (kCircuitsMax). Requires: a CircuitPort.
    [[nodiscard]] Result<CircuitId> open_circuit(NodeId destination, Instant now);
    /// Of a circuit that is open: takes as many of the first as there is room for, and says how
    /// many. If not all, on_circuit_room() follows. What is not known any more is ignored, here
    /// and below.
    [[nodiscard]] std::size_t send_circuit(const CircuitId& id, Bytes bytes, Instant now);
    /// So much of what on_circuit_bytes() brought is used: the other end may send as much more.
    void take_circuit(const CircuitId& id, std::size_t bytes, Instant now);
    /// Done: once the other end has all that was sent. Others: at once.
    void close_circuit(const CircuitId& id, CircuitEnd end, Instant now);

    /// Messages of QoS 1 and 2 of this class wait for room on the way to a neighbour: a host that
    /// is told to slow down its publishers (no PUBACK, no reading) does so until this is false
    /// again, which it may be after any call. Nothing is refused meanwhile.
    [[nodiscard]] bool is_congested(Priority priority) const;

    [[nodiscard]] NodeId self() const;
    [[nodiscard]] const std::string& name() const;
    [[nodiscard]] std::vector<NeighborView> neighbors() const;
    [[nodiscard]] std::vector<RouteView> routes() const;
    /// All that are known, this one too, in order of id; not all of them can be reached.
    [[nodiscard]] std::vector<NodeView> nodes() const;
    [[nodiscard]] Digests digests() const;
    [[nodiscard]] const MeshCounters& counters() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kith::mesh

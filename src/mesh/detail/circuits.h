// Circuits: streams of bytes between two nodes, over those between them.
//
// A circuit has a way: each node on it remembers from which neighbour it was opened and to which it
// was opened further, by its routes at that moment. Those between the ends keep nothing but that;
// what there is no room for on a link waits a little, then is dropped. The ends keep what they have
// sent until it has arrived (circuit_flow.h), so that a circuit survives links that lose and
// neighbours that die: its origin opens it again, over another way, and both go on where they were.
// If there is no other way for long, it ends, and both ends are told why: no byte is lost, comes
// twice or out of order, or after one that is missing.
//
// Bytes go behind all messages, and a link has few of them under way (kCircuitLinkBytes), all
// circuits in turn. Threads: shard-local. Limits: mesh/limits.h.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "base/result.h"
#include "mesh/detail/circuit_flow.h"
#include "mesh/node.h"
#include "mesh/options.h"
#include "mesh/ports.h"

namespace kith::mesh {

class CircuitListener {
  public:
    virtual void send_circuit(NodeId neighbor, const Circuit& frame, Instant now) = 0;
    /// Its best link may get more bytes of circuits.
    [[nodiscard]] virtual bool has_circuit_room(NodeId neighbor) const = 0;
    /// A neighbour that is on the way there; 0: none. Those to avoid are never taken.
    [[nodiscard]] virtual NodeId way_to(NodeId destination, const NodeIds& avoid) const = 0;

  protected:
    ~CircuitListener() = default;
};

class Circuits {
  public:
    /// `port` may be null: then none is taken.
    Circuits(const MeshOptions& options, CircuitPort* port, CircuitListener& listener)
        : options_(options), port_(port), listener_(listener) {}

    // Of this node, as one of the ends. What is not known any more is ignored.
    /// Errors: Limit (kCircuitsMax), Unavailable (there is no way).
    [[nodiscard]] Result<CircuitId> open(NodeId destination, Instant now);
    [[nodiscard]] std::size_t send(const CircuitId& id, Bytes bytes);
    void take(const CircuitId& id, std::size_t bytes, Instant now);
    /// Done: once all that was sent has arrived. Others: at once.
    void close(const CircuitId& id, CircuitEnd end, Instant now);

    void on_circuit(NodeId from, NodeRole role, const Circuit& frame, Instant now);
    void on_neighbor_down(NodeId neighbor, Instant now);
    /// Sends what there is room for. At the end of each turn.
    void flush(Instant now);
    void on_timer(Instant now);
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] CircuitCounters counters() const;

  private:
    /// A circuit of others.
    struct Relay {
        NodeId back;    // towards its origin
        NodeId onward;  // towards its destination
        std::uint32_t way = 0;
        Instant heard_at;
    };
    /// One that this node has opened, or that was opened to it.
    struct End {
        NodeId neighbor;     // on its way; 0: none now
        NodeId destination;  // of its origin
        std::uint32_t way = 0;
        bool is_origin = false;
        bool was_open = false;      // both ends have had it
        bool is_confirmed = false;  // it has a way that carries
        bool wants_room = false;    // the port waits for some
        bool is_closing = false;    // once all has arrived; nobody waits for it
        CircuitFlow flow;
        Instant opened_at;  // or lost its way
        Instant heard_at;
        Instant told_at;
        Instant room_at = Instant::never();
        Instant resend_at = Instant::never();
        Instant way_at = Instant::never();    // to look for a way, or to wait no longer for one
        Instant close_by = Instant::never();  // while closing
        Duration resend_after = kCircuitResend;
    };
    struct Waiting {
        CircuitId id;
        bool is_from_origin = false;
        std::uint64_t before = 0;
        std::vector<std::uint8_t> bytes;
    };
    using Ends = std::map<CircuitId, End>;
    using Relays = std::map<CircuitId, Relay>;

    void on_open(NodeId from, const Circuit& frame, Instant now);
    void on_open_here(NodeId from, const Circuit& frame, Instant now);
    void on_open_to_others(NodeId from, const Circuit& frame, Instant now);
    void on_end_frame(Ends::iterator at, NodeId from, const Circuit& frame, Instant now);
    void on_room(Ends::iterator at, const Circuit& frame, Instant now);
    void on_relay_frame(Relays::iterator at, NodeId from, const Circuit& frame, Instant now);
    void on_unknown(NodeId from, const Circuit& frame, Instant now);

    void look_for_way(Ends::iterator at, Instant now);
    void lose_way(End& end, Instant now);
    void finish(Ends::iterator at, CircuitEnd why);

    void refuse(NodeId from, const CircuitId& id, CircuitEnd why, Instant now);
    [[nodiscard]] static Circuit close_of(Ends::const_iterator at, CircuitEnd why);
    void send_close(NodeId to, const Circuit& close, Instant now);
    void send_room(Ends::iterator at, Instant now);
    [[nodiscard]] bool send_waiting(Instant now);
    [[nodiscard]] bool send_of_ends(Instant now);
    [[nodiscard]] bool send_next(Ends::iterator at, Instant now);
    void on_end_timer(Ends::iterator at, Instant now);
    [[nodiscard]] static Instant deadline_of(const End& end);

    const MeshOptions& options_;
    CircuitPort* port_;
    CircuitListener& listener_;
    CircuitCounters counters_;
    std::uint64_t last_number_ = 0;
    Ends ends_;                                      // kCircuitsMax
    Relays relays_;                                  // kCircuitsCarriedMax
    std::map<NodeId, std::deque<Waiting>> waiting_;  // by neighbour; kCircuitQueueBytesMax in all
    std::size_t waiting_bytes_ = 0;
    CircuitId last_served_;
    Instant relays_checked_at_ = Instant::never();  // the next time
};

}  // namespace kith::mesh

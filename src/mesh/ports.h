// What the mesh core asks of the world: links, keys, a store, and who gets what arrives.
//
// The core has no socket, clock, disk, thread or random source; the daemon, the simulator and the
// embedded library implement these. Calls go out from inside of a call of MeshNode: an
// implementation queues, and never calls the node back from them. Bytes are borrowed for the call.
#pragma once

#include <boost/container/small_vector.hpp>

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/shared_bytes.h"
#include "base/strong_id.h"
#include "base/time.h"
#include "wire/mesh/frames.h"

namespace kith::mesh {

/// A connection to a neighbour, as the host numbers it. Never reused while the node runs. 0: none.
using LinkId = StrongId<struct LinkIdTag, std::uint32_t>;

/// Who is at the other end of a link, as the handshake has proved, and what the link is.
struct LinkPeer {
    NodeId node;
    NodeRole role = NodeRole::Router;
    /// Added to the cost of each message: for a link that is dear, as a cellular one.
    std::uint32_t cost_bias = 0;
};

using NodeIds = boost::container::small_vector<NodeId, 4>;

class LinkPort {
  public:
    /// Queues one frame: `head` and, if there is one, `body` behind it. Frames of a priority keep
    /// their order. A link that is down takes and forgets.
    virtual void send(LinkId link, Priority priority, Bytes head, const SharedBytes& body) = 0;
    /// Ends a link; on_link_down() is not called for it.
    virtual void close(LinkId link, GoodbyeReason reason) = 0;
    /// So much waits that what may be dropped is.
    [[nodiscard]] virtual bool is_full(LinkId) const { return false; }

  protected:
    ~LinkPort() = default;
};

/// The node's own key, and what it knows of the keys of others.
class TrustPort {
  public:
    /// 64 bytes of Ed25519 over `message`.
    virtual void sign(Bytes message, MutableBytes signature) = 0;
    /// Whether `origin` signed it: by the identity that admit() took for it.
    [[nodiscard]] virtual bool verify(NodeId origin, Bytes message, Bytes signature) = 0;
    /// Takes the body of an Identity record: a certificate of this mesh, for this node. Errors:
    /// Denied for one of another mesh, an expired or a revoked one; Conflict if another key has the
    /// same id and goes before this one. Which of two does is the same at every node, whichever
    /// came first; admit() may thus replace a key.
    [[nodiscard]] virtual Status admit(NodeId origin, Bytes certificate) = 0;
    /// Whether it is of another key than that which admit() took for the same id.
    [[nodiscard]] virtual bool is_rival(NodeId origin, Bytes certificate) const {
        static_cast<void>(origin), static_cast<void>(certificate);
        return false;
    }
    /// The body of this node's own Identity record.
    [[nodiscard]] virtual Bytes certificate() const = 0;
    /// What the certificate that admit() took says of it; nothing if none was taken, or says it.
    [[nodiscard]] virtual std::optional<NodeRole> role_of(NodeId) const { return std::nullopt; }
    /// Takes the body of a Revocation record, whoever has told it. Errors: Malformed; Denied if no
    /// authority of this mesh says so.
    [[nodiscard]] virtual Status take_revocations(Bytes) { return {}; }

  protected:
    ~TrustPort() = default;
};

/// Where the bytes of records are kept. A simulation of many nodes, which all end with the same
/// records, gives all nodes the same block.
class RecordPool {
  public:
    [[nodiscard]] virtual SharedBytes share(Bytes told) = 0;

  protected:
    ~RecordPool() = default;
};

/// A message that this node must not lose, as it is stored. 0: none.
using CustodyTicket = StrongId<struct CustodyTicketTag, std::uint64_t>;

class CustodyPort {
  public:
    /// Begins to store `data` with all of its destinations; MeshNode::on_stored(ticket) says when a
    /// crash cannot undo it any more. May be settled before it was stored.
    virtual void store(CustodyTicket ticket, const Data& data) = 0;
    /// Of its destinations, `left` are still this node's business. None: forget it.
    virtual void settle(CustodyTicket ticket, const Destinations& left) = 0;
    /// Whether fetch() brings back what was stored: what waits for long then need not stay in
    /// memory.
    [[nodiscard]] virtual bool can_fetch() const { return false; }
    /// Wants the content of a message that is stored and not settled: MeshNode::on_fetched(ticket),
    /// later. A few hundred at the same time, mostly in order.
    virtual void fetch(CustodyTicket ticket) { static_cast<void>(ticket); }
    /// What another node has told, for MeshNode::restore_record() of the next life: who wants what
    /// is to be known from the first publish() on, not from the first link. Replaces what was kept
    /// of `key`; an empty `told` forgets it. What is lost here is told again.
    virtual void keep_record(const RecordKey& key, Bytes told, Instant expires_at) {
        static_cast<void>(key), static_cast<void>(told), static_cast<void>(expires_at);
    }

  protected:
    ~CustodyPort() = default;
};

/// A stream of messages to this node.
struct StreamPosition {
    NodeId origin;
    std::uint32_t epoch = 0;
    Priority priority = Priority::Default;

    friend auto operator<=>(const StreamPosition&, const StreamPosition&) = default;
};

/// The stream in which a message of QoS 1 or 2 has its place.
[[nodiscard]] inline StreamPosition stream_of(const Data& data) {
    return {data.id.origin, data.id.epoch, data.priority};
}

/// Places of a stream, both included.
struct PlaceRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;

    friend bool operator==(const PlaceRange&, const PlaceRange&) = default;
};

/// How far a stream has come here: what a host stores of it.
struct StreamProgress {
    /// All up to this place were handed out, or given up.
    std::uint64_t delivered = 0;
    /// Of these, what was given up and may still come. In order, apart from one another,
    /// kStreamRangesMax at most; almost always none.
    boost::container::small_vector<PlaceRange, 1> given_up;

    friend bool operator==(const StreamProgress&, const StreamProgress&) = default;
};

/// How far a message has to be before its publisher is told.
enum class PublishLevel : std::uint8_t {
    Local,      // this node's disk has it
    NextHop,    // and a second one, if anybody is to get it
    Delivered,  // all destinations have it
    Reachable,  // all destinations that can be reached have it; it is kept for the others
};

/// A message for this node.
class DeliveryPort {
  public:
    /// Hands a message to the sessions here. For QoS 1 and 2 MeshNode::on_delivered(token) says
    /// when they have it, after which nobody else does. In the order of its stream, but for what
    /// comes late, where it was given up. `progress` is how far stream_of(data) has come with it:
    /// stored with the message in one write, in the order of these calls, in the place of what was
    /// stored of the stream before; MeshNode::restore_stream() gets it back. Nothing for QoS 0.
    /// What is DataKind::Directed is for the node itself, not for who subscribes.
    virtual void deliver(const Data& data, const StreamProgress& progress, std::uint64_t token) = 0;
    /// A publish() of this node has reached what it asked for.
    virtual void on_published(std::uint64_t token, PublishLevel level) = 0;
    /// All nodes that could be reached know of what was subscribed before barrier(`token`).
    virtual void on_barrier(std::uint64_t token, bool is_complete) = 0;
    /// One node more, or one less, wants what matches this filter: messages of others are worth a
    /// publish(). A filter is wanted as often as it was told and not taken back; what comes is told
    /// before what goes. kEveryTenant and kReservedTopics (detail/) stand for all.
    virtual void on_wanted(std::uint32_t tenant, std::string_view filter, bool is_wanted) {
        static_cast<void>(tenant), static_cast<void>(filter), static_cast<void>(is_wanted);
    }

  protected:
    ~DeliveryPort() = default;
};

/// A topic that is somebody's inbox: what is retained there is kept where it is read, not by all.
[[nodiscard]] inline bool is_inbox(std::string_view topic) {
    return topic.starts_with("$to/");
}

/// Keeps what the mesh has in common: retained messages, and the stamps of all of it.
class StatePort {
  public:
    /// An entry of another node, which this one missed, is newer than what is here. Of a retained
    /// message: keep it, or delete what is there, and tell nobody yet. True if subscribers here are
    /// to hear of it: announce_state() follows unless its message comes first. Of other kinds: it
    /// has changed; `name` is empty if it is gone.
    [[nodiscard]] virtual bool on_state(const State& state) = 0;
    /// Fills in the retained message of `state.key`, borrowed until the next call. False: there is
    /// none, or it has expired.
    [[nodiscard]] virtual bool read_state(State& state, Instant now) = 0;
    /// Subscribers here are to hear of what on_state() brought.
    virtual void announce_state(const StateKey& key) = 0;
    /// For MeshNode::restore_state() of the next life, in place of what was kept of this key: with
    /// the retained message in one write. A retained message is not in it. False: it is not stored
    /// yet, and MeshNode::on_state_stored() follows; others are not told what a crash may undo.
    [[nodiscard]] virtual bool keep_state(const State& state, std::uint8_t told) = 0;
    virtual void forget_state(const StateKey& key) = 0;
    /// A clock is wrong: that of this node, or the other one's.
    virtual void on_stamp_ahead(const Stamp&) {}

  protected:
    ~StatePort() = default;
};

/// Streams of bytes between this node and others (MeshNode::open_circuit()).
class CircuitPort {
  public:
    /// Another node, id.origin as it says, opens one to here. False: it is refused.
    [[nodiscard]] virtual bool on_circuit(const CircuitId& id) = 0;
    /// One that this node has opened has reached its destination.
    virtual void on_circuit_open(const CircuitId& id) = 0;
    /// What came, in order; MeshNode::take_circuit() says once it is used.
    virtual void on_circuit_bytes(const CircuitId& id, Bytes bytes) = 0;
    /// MeshNode::send_circuit() did not take all, and takes more now.
    virtual void on_circuit_room(const CircuitId& id) = 0;
    /// The last call. Not of what this node has closed itself. All that the other end has sent has
    /// come if it is Done.
    virtual void on_circuit_end(const CircuitId& id, CircuitEnd end) = 0;

  protected:
    ~CircuitPort() = default;
};

enum class DropReason : std::uint8_t {
    NoRoute,  // QoS 0 for a node that cannot be reached
    HopLimit,
    Expired,
    Overtaken,      // QoS 0 behind a later one of its flow
    Congestion,     // QoS 0 and the queue is full
    NotInterested,  // nobody here subscribes any more, or the interest was a superset
    SpoolFull,
    Malformed,
    Forged,          // a record whose signature is wrong
    NotAuthorized,   // a leaf that forwards, a record of more than its role
    Duplicate,       // a message that came twice; no loss
    RecordTooLarge,  // this node has more to tell than others take
    TooLarge,        // a message that no frame holds: its bytes, or its groups on one node
    StoreLost,       // the disk does not have any more what a message said
    TooOld,          // waited for a node that cannot be reached for longer than partition_ttl
};
inline constexpr std::size_t kDropReasonCount = 15;
[[nodiscard]] std::string_view to_string(DropReason reason);

enum class NeighborChange : std::uint8_t { Up, Suspect, Cleared, Down };

/// For counters, logs and oracles. Never decides anything.
class MeshEvents {
  public:
    virtual void on_neighbor(NodeId neighbor, NeighborChange change) = 0;
    /// This node and a neighbour have been told the same of all nodes: after it came up, and
    /// perhaps again.
    virtual void on_agreed(NodeId) {}
    virtual void on_drop(DropReason reason, const Data* data) = 0;
    /// The other end of a link ends it, and says why. The link is closed.
    virtual void on_goodbye(LinkId, GoodbyeReason) {}
    /// Routes were computed; `reachable` nodes have one.
    virtual void on_routes(std::size_t reachable) = 0;

  protected:
    ~MeshEvents() = default;
};

}  // namespace kith::mesh

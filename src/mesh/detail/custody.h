// Who answers for a message of QoS 1 or 2 until it has arrived.
//
// The origin stores a message with its destinations, then everybody on the way keeps it, in memory,
// until those behind have acknowledged it; an acknowledgement goes back hop by hop and so means
// that the destination has it. When a neighbour falls silent, whoever gave it something sends that
// another way at once, whatever the neighbour did with it: the destination knows duplicates by
// their place in the stream. Who has no way gives a message back, the origin keeps it and waits.
// To a neighbour goes only what has room on the link; the rest waits in a queue for each neighbour
// and class, in order, and may still take another way.
//
// What waits for a node that cannot be reached is in memory up to spool_memory_bytes_max; beyond,
// its content is on disk alone and is fetched when there is a way again, a little at a time. What
// does not fit there is dropped, that first which has least time left: until it expires, or has
// waited for partition_ttl.
//
// A message that waits for a member of a share group goes to another member, but for one of QoS 2
// that the first may have got: that waits for it as long as it is expected, for twice would be
// worse [MQTT-4.8.2-4].
//
// Invariant: a message is held by its origin, or by a replica of it, until each destination has
// acknowledged it or it was counted as dropped. Limits: kStreamInFlightMax; those of the spool:
// options.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/shared_bytes.h"
#include "base/time.h"
#include "mesh/node.h"
#include "mesh/options.h"
#include "mesh/ports.h"
#include "wire/mesh/frames.h"

namespace kith::mesh {

/// What custody asks of the node around it.
class CustodyListener {
  public:
    /// The neighbour behind which `destination` lies, one that is not in `avoid`; 0 if there is
    /// none. One that is suspect only if there is no other.
    [[nodiscard]] virtual NodeId way_to(NodeId destination, const NodeIds& avoid) const = 0;
    [[nodiscard]] virtual bool is_suspect(NodeId neighbor) const = 0;
    /// Whether it may get another message of this class now.
    [[nodiscard]] virtual bool has_room(NodeId neighbor, Priority priority) const = 0;
    virtual void send_data(NodeId neighbor, const Data& data, const SharedBytes& payload,
                           Instant now) = 0;
    /// Goes out with others at the end of the turn.
    virtual void send_custody(NodeId neighbor, CustodyEntry entry) = 0;
    virtual void on_published(std::uint64_t token, PublishLevel level) = 0;
    virtual void on_custody_drop(DropReason reason, const Data& data) = 0;
    /// A message of this node waits for a member of share groups that cannot be reached. Called
    /// from inside of custody: to be seen to at the end of the turn, see release_groups().
    virtual void on_groups_waiting(const DataId& id, NodeId destination) = 0;
    /// Whether a node that cannot be reached may come back: what it has told still stands.
    [[nodiscard]] virtual bool is_expected(NodeId node) const = 0;

  protected:
    ~CustodyListener() = default;
};

class Custody {
  public:
    Custody(const MeshOptions& options, CustodyPort& store, CustodyListener& listener);
    ~Custody();

    /// What a publisher asked for.
    struct Promise {
        std::uint64_t token = 0;
        PublishLevel level = PublishLevel::Local;
    };
    /// Takes a message of this node: gives it its id and places in the streams, stores and sends
    /// it. Of `data.destinations` the nodes and whom they are for are set.
    void publish(const Data& data, const Promise& promise, Instant now);
    /// A message of a neighbour for nodes behind this one.
    void relay(const Data& data, NodeId from, Instant now);
    void restore(CustodyTicket ticket, const Data& data, Instant now);

    void on_custody(NodeId neighbor, const CustodyEntry& entry, Instant now);
    void on_stored(CustodyTicket ticket, Instant now);
    /// See MeshNode::on_fetched().
    void on_fetched(CustodyTicket ticket, const Data* content, Instant now);
    /// What this neighbour has not acknowledged goes another way, if there is one.
    void on_neighbor_suspect(NodeId neighbor, Instant now);
    /// There is no use in waiting for it any more.
    void on_neighbor_down(NodeId neighbor, Instant now);
    /// Routes were computed: what waited tries again; what still has no way goes back.
    void on_routes(Instant now);
    /// At the end of each turn: what waits for room that there is by now leaves. Cheap if nothing
    /// waits.
    void send_waiting(Instant now);
    void on_timer(Instant now);
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] std::size_t held_count() const;
    /// What this neighbour was sent and has not acknowledged; a message for two destinations behind
    /// it counts twice.
    [[nodiscard]] std::size_t handed_count(NodeId neighbor) const;
    /// In memory.
    [[nodiscard]] std::size_t held_bytes() const;
    /// Messages whose content is on disk alone.
    struct Spooled {
        std::size_t count = 0;
        std::size_t bytes = 0;
    };
    [[nodiscard]] const Spooled& spooled() const;
    /// A message that is held, without destinations, as it would leave now; nothing while its
    /// content is not in memory. Borrows from it.
    [[nodiscard]] std::optional<Data> find(const DataId& id, Instant now) const;
    using Groups = decltype(Destination::groups);
    /// Which a destination without a way is to serve, and others may.
    [[nodiscard]] Groups groups_of(const DataId& id, NodeId destination) const;
    /// Other nodes serve these, by messages of their own: what is left of the destination keeps its
    /// place in the stream, though it may be for nobody.
    void release_groups(const DataId& id, NodeId destination, const Groups& groups);
    /// Something of this class waits for room to a neighbour.
    [[nodiscard]] bool is_congested(Priority priority) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kith::mesh

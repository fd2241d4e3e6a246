// Who is there: links to neighbours, how good they are, and whether they still answer.
//
// An adjacency is a set of links to one neighbour; what is sent goes over the best of them, and a
// link that fails costs no routing event while another one answers. A silent neighbour is noticed
// by what is missing: a receipt for something sent, then three probes, then it is Suspect and
// traffic goes the other way at once, reversibly: whatever arrives clears it. A link whose hellos
// are overdue is down, and with the last of them the neighbour. If more than half of the
// neighbours are silent at the same time, this node doubts itself first (Lifeguard, Dadgar et al.
// 2018) and waits twice as long; and time in which it slept is nobody's silence. Lost hellos never
// cause more hellos; probes are kProbes an event.
//
//     link        hellos, receipts, both ways or not         detail/link.h, link_meter.h
//     adjacency   the links of one neighbour, the best        detail/adjacency.h
//     suspicion   probes, and the verdict                     detail/suspicion.h
//     ticks       when hellos leave                           detail/hello_ticks.h
//
// A link that went silent may come back for kLinkLinger; then it is closed and the host dials anew.
// Threads: shard-local. Limits: limits.h.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/shared_bytes.h"
#include "base/time.h"
#include "mesh/node.h"
#include "mesh/options.h"
#include "mesh/ports.h"
#include "wire/mesh/frames.h"

namespace kith::mesh {

/// Told from inside of Neighbors' calls; may call send(), nothing else.
class NeighborListener {
  public:
    /// The first link to it answers both ways.
    virtual void on_neighbor_up(NodeId neighbor, Instant now) = 0;
    virtual void on_neighbor_suspect(NodeId neighbor, Instant now) = 0;
    virtual void on_neighbor_cleared(NodeId neighbor, Instant now) = 0;
    virtual void on_neighbor_down(NodeId neighbor, Instant now) = 0;
    /// By more than a quarter for more than 2 s, up or down.
    virtual void on_neighbor_cost(NodeId neighbor, Instant now) = 0;
    /// With every hello of a neighbour that is up and tells them, but for those that say what this
    /// node says itself, after one that did.
    virtual void on_neighbor_digests(NodeId neighbor, const Digests& digests, Instant now) = 0;
    /// A hello came from one that had something to acknowledge: there may be room again.
    virtual void on_neighbor_settled(NodeId) {}

  protected:
    ~NeighborListener() = default;
};

/// What a frame is to the link that carries it.
enum class Traffic : std::uint8_t {
    Control,   // among nodes: has its receipts, which show in time that nobody answers
    Messages,  // somebody's: hellos leave at the active interval while there are any
};
[[nodiscard]] constexpr Traffic traffic_of(Priority priority) {
    return priority == Priority::Control ? Traffic::Control : Traffic::Messages;
}

class Neighbors {
  public:
    Neighbors(const MeshOptions& options, LinkPort& links, NeighborListener& listener,
              std::uint64_t seed);
    ~Neighbors();

    void on_link_up(LinkId link, const LinkPeer& peer, Instant now);
    void on_link_down(LinkId link, Instant now);
    /// Before the frames of one read are handed out. Clears a suspicion.
    void on_heard(LinkId link, Instant now);
    void on_hello(LinkId link, const Hello& hello, Instant now);
    void on_receipt(LinkId link, const Receipt& receipt, Instant now);
    /// A frame that asks for a receipt has come; all but Hello, Receipt and Goodbye do.
    void on_countable(LinkId link, Traffic traffic, Instant now);
    void on_goodbye(LinkId link, Instant now);
    /// Closes all links to it; whoever it is may come back.
    void expel(NodeId neighbor, Instant now);

    void on_timer(Instant now);
    [[nodiscard]] Instant deadline() const;

    /// A frame that asks for a receipt, over the best link of an Up or Suspect neighbour; forgotten
    /// if there is none.
    void send(NodeId neighbor, Priority priority, Bytes head, const SharedBytes& body, Instant now);
    /// Its best link may get another message of this class now.
    [[nodiscard]] bool has_room(NodeId neighbor, Priority priority) const;
    /// What its best link carries of this class and has not delivered yet, as far as is known.
    [[nodiscard]] std::size_t under_way_bytes(NodeId neighbor, Priority priority) const;
    /// Its best link has no room for what may be dropped.
    [[nodiscard]] bool is_full(NodeId neighbor) const;
    /// What hellos say from now on.
    void set_digests(const Digests& digests);

    struct State {
        NodeId node;
        NodeRole role = NodeRole::Router;
        bool is_suspect = false;
        std::uint32_t cost = 0;  // as told to others: with hysteresis
    };
    /// Those that are up, in order of id.
    [[nodiscard]] std::span<const State> up() const;
    [[nodiscard]] const State* find(NodeId neighbor) const;
    /// The neighbour of a link that is up; nobody for any other.
    [[nodiscard]] NodeId neighbor_of(LinkId link) const;
    [[nodiscard]] std::vector<NeighborView> views() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kith::mesh

// Wires and the sessions on them: dialling, handshakes, frames under way, resets.
//
// A wire between two nodes is dialled when a node starts and whenever its session ends, with
// growing pauses. A session has two ends, each with a link id of its node; they end one by one: an
// end that was closed answers what still comes with a reset, if the wire carries it. A cut is
// silent. A process that dies resets its sessions at once, a computer without power does not.
//
// Frames of a stream that are sent at the same time are one segment, which arrives or is lost. They
// wait by priority while the wire is busy or a lost segment is sent again; a stream that cannot get
// rid of its bytes for user_timeout, or hears no acknowledgement, is given up by its sender. A
// queue beyond kQueueBytesMax ends a stream and drops a datagram.
//
// Threads: one. Deterministic: each direction draws from streams of its own (seeds.h).
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/shared_bytes.h"
#include "mesh/ports.h"
#include "sim/event.h"
#include "sim/wire.h"

namespace kith::sim {

using mesh::LinkId;
using mesh::Priority;

inline constexpr std::size_t kQueueBytesMax = 8U << 20U;

/// What the network asks and tells of nodes.
class NetworkListener {
  public:
    /// The process runs and is not stopped: it takes part in a handshake.
    [[nodiscard]] virtual bool answers(NodeIndex node) const = 0;
    /// Its kernel answers: refuses, resets.
    [[nodiscard]] virtual bool is_powered(NodeIndex node) const = 0;
    /// Both prove to each other who they are, and take it.
    [[nodiscard]] virtual bool agree(NodeIndex a, NodeIndex b) const = 0;
    virtual void on_link_up(NodeIndex node, LinkId link, NodeIndex peer) = 0;
    virtual void on_link_down(NodeIndex node, LinkId link) = 0;
    /// How many of the bytes were used; an error closes the link.
    virtual Result<std::size_t> on_bytes(NodeIndex node, LinkId link, Bytes bytes) = 0;

  protected:
    ~NetworkListener() = default;
};

/// A link as its node knows it.
struct NodeLink {
    NodeIndex node = 0;
    LinkId link;
};

enum class Death : std::uint8_t {
    Process,  // the kernel resets what it had open
    Power,    // nobody says anything
};

class Network {
  public:
    Network(std::uint64_t seed, Timeline& timeline, NetworkListener& listener);
    ~Network();

    WireIndex add_wire(NodeIndex a, NodeIndex b, const WireOptions& options);
    /// The node runs now: dials, and is dialled, after at most this long.
    void start_node(NodeIndex node, Duration within);
    void kill_node(NodeIndex node, Death death);

    void send(NodeLink from, Priority priority, Bytes head, const SharedBytes& body);
    void close(NodeIndex node, LinkId link);

    /// What `from` sends over this wire is lost, until uncut() was called as often.
    void cut(WireIndex wire, NodeIndex from);
    void uncut(WireIndex wire, NodeIndex from);
    /// A wire ends while both sides look: their sessions are down, and none begins until mend().
    void cut_off(WireIndex wire);
    /// Whatever held it cut; it is dialled soon.
    void mend(WireIndex wire);
    /// In both directions; set_loss(wire, options(wire).loss) ends it.
    void set_loss(WireIndex wire, const LossOptions& loss);

    /// Events up to and with Handshake.
    void handle(const Event& event);
    /// Whom an Arrival or a Reset is for.
    [[nodiscard]] NodeIndex node_of(const Event& event) const { return ends_[event.subject].node; }

    [[nodiscard]] std::size_t wire_count() const { return wires_.size(); }
    [[nodiscard]] const Wire& wire(WireIndex wire) const { return wires_[wire]; }
    /// All at which it is an end.
    [[nodiscard]] std::span<const WireIndex> wires_of(NodeIndex node) const {
        return node < wires_of_node_.size() ? wires_of_node_[node] : std::span<const WireIndex>();
    }
    /// Both ends of a session on it are open.
    [[nodiscard]] bool is_up(WireIndex wire) const;
    /// Who is at the other end of an open link; UINT32_MAX if it is not open.
    [[nodiscard]] NodeIndex peer_of(NodeIndex node, LinkId link) const;
    /// Of a link that may have been closed just now.
    [[nodiscard]] NodeIndex peer_or_former(NodeIndex node, LinkId link) const;

  private:
    using EndIndex = std::uint32_t;  // session * 2 + side

    struct Frame {
        std::vector<std::uint8_t> head;
        SharedBytes body;
        [[nodiscard]] std::size_t size() const { return head.size() + body.bytes().size(); }
    };
    /// Only for an end that could not send at once.
    struct Waiting {
        std::array<std::deque<Frame>, mesh::kPriorityCount> queues;
        std::size_t bytes = 0;
        std::deque<Frame> lost;  // the segment that is sent again
        Instant lost_since;
        std::uint32_t retries = 0;
        bool is_scheduled = false;
    };
    struct End {
        NodeIndex node = 0;
        WireIndex wire = 0;
        LinkId link;
        bool is_open = false;
        bool was_reset = false;        // a reset is under way to it
        bool expects_silence = false;  // a Silence event is pending
        Instant last_arrival;          // of what it sent
        Event* segment = nullptr;      // the last that it sent, while more may leave with it
        Instant segment_at;
        std::unique_ptr<Waiting> waiting;
        std::vector<std::uint8_t> rest;  // the beginning of a frame
    };
    struct Session {
        std::uint32_t generation = 0;
    };

    [[nodiscard]] static EndIndex other(EndIndex end) { return end ^ 1U; }
    [[nodiscard]] EndIndex find(NodeIndex node, LinkId link) const;
    [[nodiscard]] Direction& from(EndIndex end);
    [[nodiscard]] Direction& towards(EndIndex end) { return from(other(end)); }
    [[nodiscard]] Duration draw_delay(const Wire& wire, Direction& direction);
    [[nodiscard]] std::uint32_t generation_of(EndIndex end) const {
        return sessions_[end / 2].generation;
    }

    // network.cpp
    void dial_within(WireIndex wire, Duration min, Duration max);
    void on_dial(WireIndex wire, std::uint32_t generation);
    void on_handshake(WireIndex wire, std::uint32_t generation);
    void dial_again(Wire& wire, WireIndex index, Duration waited);
    void establish(WireIndex wire);
    void end_here(EndIndex end);
    void reset(EndIndex end);
    void on_reset(EndIndex end);
    void abort(EndIndex end);

    // network_frames.cpp
    [[nodiscard]] bool leaves_with_last(EndIndex end, std::size_t bytes) const;
    void enqueue(EndIndex end, Priority priority, Bytes head, const SharedBytes& body);
    void drain(EndIndex end);
    void schedule_transmit(EndIndex end);
    [[nodiscard]] bool is_lost(EndIndex end);
    Instant depart(EndIndex end, std::size_t bytes);
    void transmit(EndIndex end, Bytes head, const SharedBytes& body);
    Event& arrive(EndIndex end, Instant at, Bytes head, const SharedBytes& body);
    void send_stream(EndIndex end, Instant departure, Bytes head, const SharedBytes& body);
    void send_datagram(EndIndex end, Instant departure, Bytes head, const SharedBytes& body);
    void lose_segment(EndIndex end, std::deque<Frame> segment);
    void on_retransmit(EndIndex end);
    void expect_acknowledgement(EndIndex end);
    void on_silence(EndIndex end);
    void on_arrival(const Event& event);
    Result<std::size_t> hand_over(End& end, Bytes bytes);
    Waiting& waiting(End& end);

    std::uint64_t seed_;
    Timeline& timeline_;
    NetworkListener& listener_;
    std::vector<Wire> wires_;
    std::vector<std::vector<WireIndex>> wires_of_node_;
    std::vector<std::vector<EndIndex>> end_of_link_;  // of each node, by link
    std::vector<Session> sessions_;
    std::vector<End> ends_;
    std::vector<std::uint32_t> free_sessions_;
};

}  // namespace kith::sim

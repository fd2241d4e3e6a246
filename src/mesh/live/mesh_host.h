// A MeshNode in the world: its links over streams, its time, and its peers.
//
// Everything on one shard. The host listens, dials the peers it is told, asks LinkSecurity who is
// there, and hands the core bytes, links and time; the core says what to send. Two nodes that dial
// one another at the same time get two links, of which both keep the one that the larger id has
// dialled. Frames that one call of the core causes leave together. Threads: shard-local. Limits:
// limits.h.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mesh/discovery/discovery_port.h"
#include "mesh/live/live_link.h"
#include "mesh/live/peer_dialer.h"
#include "mesh/node.h"
#include "runtime/blocking_pool.h"
#include "runtime/network.h"
#include "runtime/shard.h"

namespace kith::mesh {

struct MeshHostOptions {
    MeshOptions mesh;
    std::optional<runtime::SocketAddress> listen;  // empty: this node only dials
    std::vector<std::string> peers;                // HOST:PORT, at most kStaticPeersMax
};

struct MeshHostCounters {
    std::uint64_t dials = 0;
    std::uint64_t accepted = 0;
    std::uint64_t accepts_refused = 0;  // a limit
    std::uint64_t links_up = 0;         // ever
    std::uint64_t handshakes_broken = 0;
    std::uint64_t handshakes_timed_out = 0;
    std::uint64_t not_members = 0;
    std::uint64_t own_addresses = 0;  // this node at the other end
    std::uint64_t duplicates = 0;     // links not kept since another one is the same
    std::uint64_t malformed = 0;      // links ended for what they said
    std::uint64_t overflows = 0;      // links ended since too much waited
};

/// A link that is up, as operators see it.
struct LiveLinkView {
    LinkId id;
    NodeId node;
    runtime::SocketAddress remote;
    bool is_dialled = false;
    LinkOrigin origin = LinkOrigin::Accepted;
    Instant open_since;
    std::size_t waiting_bytes = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t sent_bytes = 0;
};

struct PeerView {
    std::string peer;  // HOST:PORT
    std::string_view state;
    unsigned failed_rounds = 0;
};

/// Takes whoever wants to be let in, from the port that links come to.
class NewcomerPort {
  public:
    /// A stream that is ready; nothing of it was read yet.
    virtual void on_newcomer(std::unique_ptr<runtime::Stream> stream) = 0;

  protected:
    ~NewcomerPort() = default;
};

class MeshHost final : LinkPort,
                       LinkOwner,
                       DialOwner,
                       runtime::AcceptHandler,
                       runtime::Timer,
                       runtime::Task {
  public:
    /// All outlive the host. `names` is where the addresses of peers are looked up.
    struct Ports {
        LinkSecurity& security;
        TrustPort& trust;
        CustodyPort& custody;
        DeliveryPort& delivery;
        MeshEvents& events;
        runtime::BlockingPool& names;
        StatePort* state = nullptr;         // null: nobody keeps retained messages
        NewcomerPort* newcomers = nullptr;  // null: nobody is let in here
        CircuitPort* circuits = nullptr;    // null: this node is the end of none
    };

    /// Opens the port; start() follows. Errors: Io as of bind(2), Limit (too many peers).
    [[nodiscard]] static Result<std::unique_ptr<MeshHost>> open(runtime::Shard& shard,
                                                                const MeshHostOptions& options,
                                                                const Ports& ports);
    ~MeshHost() override;

    /// Dials. Nothing reaches the core before, so that what was stored can be restored first.
    void start();
    /// Says good-bye to all; `done` comes when that has left, within kHostCloseGrace.
    void close(std::function<void()> done);

    /// Calls the core, and sees to what it wants after that: the only way to call it.
    template <typename F>
    void call(F&& action) {
        tell_time();
        action(node_, shard_.now());
        arm();
    }
    [[nodiscard]] bool is_started() const { return is_started_; }
    [[nodiscard]] const MeshNode& node() const { return node_; }
    [[nodiscard]] NodeId id() const { return self_; }

    /// Dials once, and leaves it at that if nobody of the mesh is there. A link that comes of it
    /// shows in links().
    void link_to(const runtime::SocketAddress& address);
    /// Ends the links to it that link_to() has made.
    void unlink(NodeId node);

    /// Ends all links to it, as to one that does not belong any more.
    void expel(NodeId node);

    [[nodiscard]] std::optional<runtime::SocketAddress> address() const;
    [[nodiscard]] const MeshHostCounters& counters() const { return counters_; }
    [[nodiscard]] std::vector<LiveLinkView> links() const;
    [[nodiscard]] std::vector<PeerView> peers() const;

  private:
    MeshHost(runtime::Shard& shard, const MeshHostOptions& options, const Ports& ports);

    // LinkPort
    void send(LinkId link, Priority priority, Bytes head, const SharedBytes& body) override;
    void close(LinkId link, GoodbyeReason reason) override;
    [[nodiscard]] bool is_full(LinkId link) const override;

    // LinkOwner
    void on_link_ready(LiveLink& link) override;
    void on_link_newcomer(LiveLink& link, std::unique_ptr<runtime::Stream> stream) override;
    [[nodiscard]] Result<std::size_t> on_link_bytes(LiveLink& link, Bytes bytes) override;
    void on_link_close_due(LiveLink& link) override;
    void on_link_ended(LiveLink& link, LinkEnd end) override;

    // DialOwner
    void resolve(PeerDialer& dialer) override;
    [[nodiscard]] std::optional<LinkId> dial(PeerDialer& dialer,
                                             const runtime::SocketAddress& address) override;
    void give_up(LinkId link) override;

    void on_accept(std::unique_ptr<runtime::Stream> stream) override;
    void on_timer(Instant now) override;
    void run_task() override;

    struct Entry {
        std::unique_ptr<LiveLink> link;
        PeerDialer* dialer = nullptr;  // null: accepted, or by link_to()
        bool is_discovered = false;    // by link_to()
        bool is_known = false;         // to the core
        bool was_up = false;           // its dialer was told so
    };

    [[nodiscard]] std::optional<LinkId> connect(PeerDialer* dialer,
                                                const runtime::SocketAddress& address);
    [[nodiscard]] LinkOrigin origin_of(LinkId id, const Entry& entry) const;
    Entry& add(LiveLink::Direction direction, PeerDialer* dialer);
    [[nodiscard]] Entry* find(LinkId link);
    [[nodiscard]] const Entry* find(LinkId link) const;
    void leave(Entry& entry, GoodbyeReason reason);
    void retire(LinkId link);
    void forget(Entry& entry);
    void tell_dialer(Entry& entry);
    [[nodiscard]] const LiveLink* twin_of(const LiveLink& link) const;
    void settle_duplicates(LiveLink& newer);
    [[nodiscard]] std::size_t handshakes_accepted() const;
    void count_end(const Entry& entry, LinkEnd end);
    void tell_time() { node_.set_wall_time(shard_.wall_now(), shard_.now()); }
    void arm();
    void finish_closing();

    runtime::Shard& shard_;
    const Ports ports_;
    const NodeId self_;
    MeshHostCounters counters_;
    std::uint32_t last_link_ = 0;
    std::map<LinkId, Entry> links_;  // before node_, which sends from its constructor on
    std::vector<std::unique_ptr<LiveLink>> retired_;          // until the turn is over
    std::vector<std::unique_ptr<runtime::Stream>> declined_;  // likewise
    std::vector<LinkId> overflowing_;  // to be ended once the core has returned
    std::vector<std::unique_ptr<PeerDialer>> dialers_;
    std::unique_ptr<runtime::Listener> listener_;
    MeshNode node_;
    std::function<void()> closed_;  // while closing
    bool is_started_ = false;
    bool is_closing_ = false;
    runtime::CallbackTimer grace_;
    // shared_ptr: mail with addresses may arrive after the host has gone; null then.
    std::shared_ptr<MeshHost*> self_token_;
};

}  // namespace kith::mesh

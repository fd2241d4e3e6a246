// A member of the mesh inside of a program: a key and a certificate in a directory, links to
// whoever of its mesh is on the network, and messages. No broker, no server, no database.
//
//     live/mesh_gate.h       which mesh, with which key; joined by a token while it runs
//     live/own_membership.h          its certificate, and who does not belong any more
//     live/mesh_host.h       links by TLS, both sides with certificates of the mesh's root
//     live/pairing_port.h    a code, and whoever knows it
//     live/discovery_host.h  signed beacons on all interfaces
//     leaf_messages.h        what its owner publishes and subscribes to
//
// A leaf forwards nothing for others, whatever its certificate allows. Two leaves on one network
// link to each other, with or without a node there. One that belongs to no mesh sends and takes
// nothing: it says that it is there, and becomes a member when its directory says so, or when it is
// offered a token by whoever knows its code. A leaf whose directory holds the mesh's
// authority lets newcomers in.
// Threads: shard-local; files and names on a BlockingPool. Limits: limits.h, mesh/live/limits.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "mesh/leaf/leaf_messages.h"
#include "mesh/live/discovery_host.h"
#include "mesh/live/mesh_gate.h"
#include "mesh/live/mesh_host.h"
#include "mesh/live/own_membership.h"
#include "mesh/live/pairing_port.h"
#include "mesh/trust/private_file.h"
#include "runtime/blocking_pool.h"
#include "runtime/shard.h"

namespace kith::mesh {

struct LeafOptions {
    std::string data;                // its membership is in data/mesh
    std::string name;                // as the mesh calls it; empty: as it has joined
    runtime::SocketAddress listen;   // port 0: any
    std::vector<std::string> peers;  // HOST:PORT, beside those of its token
    bool discovers = true;
    Timing timing;
    LeafMessages::Limits messages;
};

enum class LeafState : std::uint8_t {
    Starting,
    Unpaired,  // its directory names no mesh
    Joining,   // it has a token, and was not let in yet
    Alone,     // a member; nobody of its mesh is linked to it
    Linked,
    Broken,  // its files, or its port
};
/// "starting", "unpaired" ...
[[nodiscard]] std::string_view to_string(LeafState state);

class LeafOwner {
  public:
    /// In a step of its own. `why` is for people, and empty while it is linked.
    virtual void on_leaf_state(LeafState state, const std::string& why) = 0;
    virtual void on_leaf_message(const LeafMessage& message) = 0;
    /// While it is unpaired: by which `kith mesh pair` lets it in.
    virtual void on_leaf_pairing_code(const std::string& code) = 0;

  protected:
    ~LeafOwner() = default;
};

struct LeafView {
    LeafState state = LeafState::Starting;
    std::optional<NodeId> node;  // once it has a key
    std::optional<MeshId> mesh;  // likewise, and a mesh
    std::size_t link_count = 0;
    std::size_t reachable_count = 0;
    MeshHostCounters links;
    MeshCounters core;
    DiscoveryView discovery;
};

class Leaf final : private MeshEvents, private runtime::Task {
  public:
    /// Of this machine, or of a test. All outlive the leaf.
    struct Ports {
        const Log& log;
        runtime::BlockingPool& files;
        runtime::BlockingPool& names;
        LeafOwner& owner;
    };
    Leaf(runtime::Shard& shard, LeafOptions options, const Ports& ports);
    ~Leaf();

    /// Reads its directory, and goes on from there.
    void start();
    /// Says good-bye; `done` is the last callback.
    void close(std::function<void()> done);

    [[nodiscard]] LeafMessages& messages() { return messages_; }
    [[nodiscard]] bool is_linked() const { return state_ == LeafState::Linked; }
    /// Where others link to it; nothing while it is no member.
    [[nodiscard]] std::optional<runtime::SocketAddress> address() const {
        return host_ == nullptr ? std::nullopt : host_->address();
    }
    [[nodiscard]] LeafView view() const;

  private:
    [[nodiscard]] const Membership& membership() const { return own_.membership(); }
    void on_membership(OrFileProblem<MembershipFiles> files);
    void turn_on(MembershipFiles files);
    [[nodiscard]] Status open();
    [[nodiscard]] MeshHostOptions host_options() const;
    void begin_discovery();
    void begin_pairing();
    void end_pairing();
    void on_offer(const std::string& token_text);
    void be_joining();
    void count_links();
    void meet();
    void be(LeafState state, std::string why);

    // MeshEvents: from inside of the core.
    void on_neighbor(NodeId neighbor, NeighborChange change) override;
    void on_agreed(NodeId neighbor) override;
    void on_drop(DropReason, const Data*) override {}  // the core counts them
    void on_routes(std::size_t) override {}
    void run_task() override;

    runtime::Shard& shard_;
    const LeafOptions options_;
    const Ports ports_;
    LeafMessages messages_;
    LeafState state_ = LeafState::Starting;
    std::string why_;
    bool is_told_ = true;      // the owner, of the state
    bool has_agreed_ = false;  // with a neighbour, since there is one
    bool is_meeting_ = false;
    bool is_closing_ = false;

    OwnMembership own_;
    std::unique_ptr<MeshGate> gate_;
    std::unique_ptr<MeshHost> host_;
    std::unique_ptr<DiscoveryHost> discovery_;
    std::optional<FileLock> lock_;        // nobody else is this node
    std::optional<NodeKey> passing_key_;  // of its beacons, while it is unpaired
    std::unique_ptr<PairingPort> pairing_;
    runtime::CallbackTimer networks_{[this](Instant) { begin_pairing(); }};
    runtime::CallbackTimer joining_{[this](Instant) { be_joining(); }};
    // shared_ptr: mail with an answer may arrive after the leaf has gone; null then.
    std::shared_ptr<Leaf*> self_token_ = std::make_shared<Leaf*>(this);
    runtime::CallbackTimer agreement_{[this](Instant) { meet(); }};
};

}  // namespace kith::mesh

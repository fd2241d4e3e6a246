// A world of nodes, wires and time, in one thread: what happens in it follows from its seed.
//
// It takes the first event of the heap, again and again, and hands it to the node or the wire that
// it is for. A node that is frozen gets its events when it thaws, in their order. The trace is a
// hash over all events and the bytes that they carry: two runs with the same trace were the same.
// Threads: one.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "sim/host.h"
#include "sim/network.h"
#include "sim/record_shelf.h"

namespace kith::sim {

struct WorldOptions {
    std::uint64_t seed = 1;
    mesh::MeshOptions node;  // what all have in common
    ParticipantFactory factory;
};

class World final : private NetworkListener {
  public:
    /// The observer outlives the world.
    World(const WorldOptions& options, WorldObserver& observer);
    ~World();

    NodeIndex add_node(HostOptions options);
    WireIndex add_wire(NodeIndex a, NodeIndex b, const WireOptions& options);

    /// Begins a process; it dials, and is dialled, within so long.
    void start(NodeIndex node, Duration dials_within = Duration::zero());
    void kill(NodeIndex node, Death death);
    /// Requires: it does not run.
    void wipe(NodeIndex node);
    void freeze(NodeIndex node, Instant until);

    void run_until(Instant until);
    void call_at(Instant at, std::function<void()> call);

    /// Calls a node; nothing happens if it does not run or is frozen.
    template <typename Call>
    bool enter(NodeIndex node, const Call& call) {
        if (!answers(node)) {
            return false;
        }
        hosts_[node]->enter(call);
        return true;
    }

    [[nodiscard]] std::uint64_t seed() const { return surroundings_.seed; }
    [[nodiscard]] Instant now() const { return timeline_.now; }
    [[nodiscard]] std::size_t node_count() const { return hosts_.size(); }
    [[nodiscard]] Host& host(NodeIndex node) { return *hosts_[node]; }
    [[nodiscard]] const Host& host(NodeIndex node) const { return *hosts_[node]; }
    [[nodiscard]] Network& network() { return network_; }
    [[nodiscard]] const Network& network() const { return network_; }
    /// UINT32_MAX if nobody has it, or had it.
    [[nodiscard]] NodeIndex index_of(mesh::NodeId id) const;
    [[nodiscard]] bool answers(NodeIndex node) const override;

    [[nodiscard]] std::uint64_t event_count() const { return event_count_; }
    [[nodiscard]] std::uint64_t trace_hash() const { return trace_; }

  private:
    [[nodiscard]] bool is_powered(NodeIndex node) const override;
    [[nodiscard]] bool agree(NodeIndex a, NodeIndex b) const override;
    void on_link_up(NodeIndex node, mesh::LinkId link, NodeIndex peer) override;
    void on_link_down(NodeIndex node, mesh::LinkId link) override;
    Result<std::size_t> on_bytes(NodeIndex node, mesh::LinkId link, Bytes bytes) override;

    void observe_frames(NodeIndex node, NodeIndex peer, Bytes bytes);
    [[nodiscard]] const Host* host_of(const Event& event) const;
    void handle(const Event& event);
    void trace(const Event& event);

    WorldObserver& observer_;
    Timeline timeline_;
    Network network_;
    RecordShelf record_shelf_;
    Surroundings surroundings_;
    std::vector<std::unique_ptr<Host>> hosts_;
    boost::unordered_flat_map<mesh::NodeId, NodeIndex> indices_;  // looked up only
    std::vector<std::function<void()>> calls_;
    std::vector<std::uint32_t> free_calls_;
    std::uint64_t event_count_ = 0;
    std::uint64_t trace_ = 0;
};

}  // namespace kith::sim

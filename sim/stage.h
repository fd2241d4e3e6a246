// A world with one question: who is wired to whom, one who publishes, some who receive, and notes
// of what arrived when. Scenarios are played on it.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/topology.h"
#include "sim/world.h"

namespace kith::sim {

struct StageOptions {
    std::uint64_t seed = 1;
    TopologyOptions topology;
    WireOptions wire;
    mesh::Timing timing;
    ParticipantFactory factory;  // MeshNode, if there is none
};

class Stage final : public IndifferentObserver {
  public:
    /// The nodes are there, and none has started.
    explicit Stage(const StageOptions& options);

    [[nodiscard]] World& world() { return world_; }
    [[nodiscard]] NodeIndex node_count() const { return node_count_; }
    void run_for(Duration duration) { world_.run_until(world_.now() + duration); }

    /// All nodes start within this; returns once each has a route to all others, or after a minute.
    void start(Duration within);
    /// Of a mesh that was started: how long that took; never() if it did not succeed.
    [[nodiscard]] Instant whole_at() const { return whole_at_; }
    /// When somebody computed routes last.
    [[nodiscard]] Instant routes_at() const { return routes_at_; }
    /// Begins anew to wait for each to have a route to all others.
    void expect_whole();
    [[nodiscard]] bool is_whole() const { return full_count_ == node_count_; }

    /// Known to all nodes when it returns.
    void subscribe(NodeIndex node, const std::string& filter);
    /// QoS 1. Returns its number, from 0.
    std::size_t publish(NodeIndex node, const std::string& topic);

    struct Message {
        Instant published_at;
        Instant arrived_at = Instant::never();  // the first time, anywhere
    };
    [[nodiscard]] const std::vector<Message>& messages() const { return messages_; }
    [[nodiscard]] std::uint64_t arrived_count() const { return arrived_count_; }
    [[nodiscard]] std::uint64_t duplicate_count() const { return duplicate_count_; }

    struct Change {
        Instant at;
        NodeIndex node;
        mesh::NodeId neighbor;
        mesh::NeighborChange change;
    };
    /// Of neighbours, since the start.
    [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }

    // WorldObserver
    void on_deliver(NodeIndex node, const Delivery& delivery) override;
    void on_neighbor(NodeIndex node, mesh::NodeId neighbor, mesh::NeighborChange change) override;
    void on_routes(NodeIndex node, std::size_t reachable) override;

  private:
    NodeIndex node_count_;
    World world_;
    std::vector<std::size_t> reachable_;  // as each node found last
    NodeIndex full_count_ = 0;            // of them that reach all
    Instant whole_at_ = Instant::never();
    Instant routes_at_;
    std::vector<Message> messages_;
    std::uint64_t arrived_count_ = 0;
    std::uint64_t duplicate_count_ = 0;
    std::uint64_t last_token_ = 0;
    std::vector<Change> changes_;
};

}  // namespace kith::sim

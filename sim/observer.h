// What happens in the world, for those who judge it: workload, oracles, measurements.
//
// Told from inside of the world's events; an observer may look at the world and ask it for calls
// later, and calls no node from here.
#pragma once

#include "mesh/ports.h"
#include "sim/disk.h"
#include "sim/event.h"

namespace kith::sim {

class WorldObserver {
  public:
    /// A life of the node begins, before anything else of it.
    virtual void on_start(NodeIndex node) = 0;
    /// The sessions of the node have a message for good: QoS 1 and 2 are on its disk.
    virtual void on_deliver(NodeIndex node, const Delivery& delivery) = 0;
    virtual void on_published(NodeIndex node, std::uint64_t token, mesh::PublishLevel level) = 0;
    virtual void on_barrier(NodeIndex node, std::uint64_t token, bool is_complete) = 0;
    /// A frame that is not a hello is about to be handed to `to`.
    virtual void on_frame(NodeIndex to, NodeIndex from, Bytes frame) = 0;
    virtual void on_neighbor(NodeIndex node, mesh::NodeId neighbor,
                             mesh::NeighborChange change) = 0;
    virtual void on_drop(NodeIndex node, mesh::DropReason reason, const mesh::Data* data) = 0;
    virtual void on_routes(NodeIndex node, std::size_t reachable) = 0;
    /// A link was closed because of what came over it.
    virtual void on_malformed(NodeIndex node, NodeIndex from) = 0;
    /// Its deadline does not advance when it is called at it.
    virtual void on_stuck(NodeIndex node) = 0;

  protected:
    ~WorldObserver() = default;
};

/// Judges nothing: to be derived from by who wants to know only some of it.
class IndifferentObserver : public WorldObserver {
  public:
    void on_start(NodeIndex) override {}
    void on_deliver(NodeIndex, const Delivery&) override {}
    void on_published(NodeIndex, std::uint64_t, mesh::PublishLevel) override {}
    void on_barrier(NodeIndex, std::uint64_t, bool) override {}
    void on_frame(NodeIndex, NodeIndex, Bytes) override {}
    void on_neighbor(NodeIndex, mesh::NodeId, mesh::NeighborChange) override {}
    void on_drop(NodeIndex, mesh::DropReason, const mesh::Data*) override {}
    void on_routes(NodeIndex, std::size_t) override {}
    void on_malformed(NodeIndex, NodeIndex) override {}
    void on_stuck(NodeIndex) override {}

  protected:
    ~IndifferentObserver() = default;
};

}  // namespace kith::sim

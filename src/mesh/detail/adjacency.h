// All links to one neighbour, as one: it is up while one of them is, suspect when none of them
// answers, and reached over the best.
//
// Threads: shard-local. Limits: kLinksPerNeighborMax.
#pragma once

#include <boost/container/static_vector.hpp>

#include <memory>

#include "mesh/detail/link.h"
#include "mesh/detail/suspicion.h"
#include "mesh/limits.h"

namespace kith::mesh {

class Adjacency {
  public:
    Adjacency(NodeId node, NodeRole role) : node_(node), role_(role) {}

    [[nodiscard]] NodeId node() const { return node_; }
    [[nodiscard]] NodeRole role() const { return role_; }
    void set_role(NodeRole role) { role_ = role; }

    [[nodiscard]] bool has_room() const { return links_.size() < kLinksPerNeighborMax; }
    /// The first link that fell silent: it may give its place to another. Null if there is none.
    [[nodiscard]] const Link* lost_link() const;
    [[nodiscard]] std::size_t link_count() const { return links_.size(); }
    [[nodiscard]] Link& link(std::size_t index) { return *links_[index]; }
    [[nodiscard]] const Link& link(std::size_t index) const { return *links_[index]; }
    Link& add(std::unique_ptr<Link> link);
    void remove(LinkId link);

    /// The link for what is sent; null while none is up. Valid since choose_best().
    [[nodiscard]] Link* best() const { return best_; }
    /// To be called when a link came up, went down, became suspect or cleared, or changed its cost.
    /// Stays with the one that was best until another is a fifth cheaper.
    void choose_best();

    /// Of the links that are up: whether none of them answers.
    [[nodiscard]] bool is_mute() const;
    [[nodiscard]] bool all_heard_since(Instant since) const;
    /// Suspect, being probed, or without hellos that were promised.
    [[nodiscard]] bool is_quiet(Instant now) const;
    /// Of the slowest link.
    [[nodiscard]] Duration answer_patience() const;
    /// A link that is up waits for a receipt for too long.
    [[nodiscard]] bool is_receipt_overdue(int times, Instant now) const;
    /// All links that were not heard since probing began are suspect.
    void judge();
    /// The next thing to do for one of its links or for itself.
    [[nodiscard]] Instant deadline(int times) const;

    // As it was told to the listener.
    bool is_up = false;
    bool is_suspect = false;
    bool has_agreed = false;  // its last hello told the digests that this node has
    ToldCost told_cost;
    Suspicion suspicion;

  private:
    NodeId node_;
    NodeRole role_;
    boost::container::static_vector<std::unique_ptr<Link>, kLinksPerNeighborMax> links_;  // by id
    Link* best_ = nullptr;
};

}  // namespace kith::mesh

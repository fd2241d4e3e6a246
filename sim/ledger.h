// The books on messages: who published what, who had to get it, who got it. The oracles of loss,
// duplicates, order and of the subscribe barrier.
//
// A message is claimed by each subscription that its publisher's node knows of by then: because the
// subscription's barrier was complete and covered that life of the node, or because both nodes told
// the same digest of all interest since. A claim ends when the message arrived, when the
// subscription ended, when either side's disk was destroyed with the last copy of the message, or
// when its publisher never was told that it was taken. What is claimed at the end is lost.
//
// Nothing here asks the mesh what it thinks: filters are matched by a matcher of its own. Limits:
// memory for all publishes of a run, about 150 bytes each.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/disk.h"
#include "sim/event.h"
#include "sim/verdicts.h"

namespace kith::sim {

using SubscriptionIndex = std::uint32_t;

/// Whether an MQTT filter matches a topic; neither begins with '$'.
[[nodiscard]] bool matches(std::string_view filter, std::string_view topic);

struct Subscription {
    NodeIndex node = 0;
    mesh::NodeId identity;  // of the node that had it
    std::string group;      // empty: not shared
    std::string filter;
    bool is_ended = false;
    Instant destroyed_at = Instant::never();  // its node with its disk
    Instant told_at;                          // when somebody was last known to know of it
    /// By node: the life in which it knows of this subscription; 0: none.
    std::vector<std::uint32_t> known_in_life;
};

struct Published {
    NodeIndex node = 0;
    mesh::NodeId identity;
    std::uint32_t life = 0;
    std::uint32_t flow = 0;           // number of the flow, from 0
    std::uint32_t flow_position = 0;  // from 1
    std::uint8_t qos = 0;
    bool is_reliable = false;  // not to be lost, whatever its QoS: nothing fails in this run
    bool is_acknowledged = false;
    bool is_excused = false;  // the last copy was destroyed
    std::string topic;
    Instant at;
    std::uint32_t starts_before = 0;  // of its node; set by the ledger
    boost::container::small_vector<SubscriptionIndex, 2> claims;
    /// Nodes that got it, as who they were then.
    boost::container::small_vector<mesh::NodeId, 2> arrivals;
    /// The share groups of which a member got it. Not all groups that a node has members of need
    /// come with one message: what another member did not get comes later, apart.
    boost::container::small_vector<std::uint64_t, 1> groups;
};

class Ledger {
  public:
    Ledger(Verdicts& verdicts, std::size_t node_count)
        : verdicts_(verdicts), nodes_(node_count), start_counts_(node_count) {}

    SubscriptionIndex subscribe(Subscription subscription);
    void unsubscribe(SubscriptionIndex subscription);
    /// From now on `node`, in this life, knows of it.
    void know(SubscriptionIndex subscription, NodeIndex node, std::uint32_t life, Instant at);
    [[nodiscard]] const std::vector<Subscription>& subscriptions() const { return subscriptions_; }

    /// Returns the number of the message.
    std::uint64_t publish(Published message);
    void on_acknowledged(std::uint64_t number);
    /// `receiver` is who the node is now.
    void on_delivered(NodeIndex node, mesh::NodeId receiver, const Delivery& delivery, Instant at);
    /// A life of the node begins: what it knew of QoS 0 is forgotten.
    void on_start(NodeIndex node);
    /// The node's disk is gone: nobody subscribes there any more, and `lost` numbers had their last
    /// copy there.
    void on_destroyed(NodeIndex node, mesh::NodeId identity, const std::vector<std::uint64_t>& lost,
                      Instant at);

    /// All claims that are open; 0 when everything has arrived.
    [[nodiscard]] std::uint64_t missing_count() const;
    /// Reports what is missing.
    void finish(Instant now);

    [[nodiscard]] const Published& message(std::uint64_t number) const { return messages_[number]; }
    [[nodiscard]] std::size_t message_count() const { return messages_.size(); }
    [[nodiscard]] std::uint64_t delivery_count() const { return delivery_count_; }
    [[nodiscard]] std::uint64_t duplicate_count() const { return duplicate_count_; }
    [[nodiscard]] std::uint64_t claim_count() const { return claim_count_; }
    /// Of first arrivals, in order of arrival; ms.
    [[nodiscard]] const std::vector<float>& latencies_ms() const { return latencies_ms_; }

  private:
    /// How far a flow has come at a node.
    struct FlowState {
        mesh::NodeId receiver;
        std::uint32_t position_any = 0;     // of any QoS, in this life
        std::uint32_t position_stream = 0;  // of QoS 1 and 2
    };

    [[nodiscard]] bool has_member_at(NodeIndex node, const Subscription& shared) const;
    [[nodiscard]] static bool has_arrived(const Published& message, const Subscription& claim);
    [[nodiscard]] bool is_missing(const Published& message, const Subscription& claim) const;
    [[nodiscard]] bool waits_for_the_dead(const Published& message,
                                          const Subscription& claim) const;
    [[nodiscard]] static bool is_duplicate(const Published& message, mesh::NodeId receiver,
                                           const Delivery& delivery);
    void judge_order(NodeIndex node, mesh::NodeId receiver, const Published& message, Instant at);

    Verdicts& verdicts_;
    std::vector<Subscription> subscriptions_;
    std::vector<Published> messages_;
    std::vector<std::map<std::uint32_t, FlowState>> nodes_;  // flows, by node
    std::vector<std::uint32_t> start_counts_;                // by node
    std::vector<float> latencies_ms_;
    std::uint64_t delivery_count_ = 0;
    std::uint64_t duplicate_count_ = 0;
    std::uint64_t claim_count_ = 0;
};

}  // namespace kith::sim

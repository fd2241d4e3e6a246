// The clients of a run: who subscribes to what, and who publishes how often.
//
// Subscribers are durable: what they asked for is asked again when their node comes back with its
// disk. A client that loses its node's disk loses its subscriptions. Publishers do not wait for
// what they published before; while their node is down or stopped they are silent. Limits: the rate
// and the count of clients follow from the options.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "base/random.h"
#include "sim/ledger.h"
#include "sim/world.h"

namespace kith::sim {

struct WorkloadOptions {
    std::uint32_t publisher_count = 8;
    std::uint32_t subscriber_count = 16;
    Duration publish_interval = 500ms;    // of each publisher, on average
    Duration churn_interval = 5s;         // between subscriptions that end and others that begin
    std::uint32_t topic_count = 12;       // of two levels
    std::size_t payload_bytes_max = 400;  // 8 at least
    bool is_reliable = false;             // QoS 0 must arrive, too
    Duration retain_interval = 1s;        // between retained messages that are set or deleted
    std::uint32_t retained_count = 40;    // topics of these

    /// A mesh of machines that have little to say: in all, a message a second, and a subscription
    /// that begins or ends each minute.
    [[nodiscard]] static WorkloadOptions light() {
        return {.publisher_count = 10,
                .subscriber_count = 20,
                .publish_interval = 10s,
                .churn_interval = 60s,
                .retain_interval = 60s};
    }
    /// Nothing but hellos.
    [[nodiscard]] static WorkloadOptions idle() {
        return {.publisher_count = 0,
                .subscriber_count = 0,
                .churn_interval = 24h,
                .retain_interval = 24h};
    }
    /// As many clients as make all of so many nodes busy.
    [[nodiscard]] static WorkloadOptions usual(std::uint32_t node_count) {
        return {.publisher_count = std::clamp(node_count / 2, 2U, 50U),
                .subscriber_count = std::clamp(node_count, 4U, 100U)};
    }
};

class Workload {
  public:
    Workload(World& world, Ledger& ledger, const WorkloadOptions& options, Random random);

    /// Subscribes within two seconds from now.
    void begin_subscribing();
    void begin_publishing(Instant until);

    // What the world tells.
    void on_start(NodeIndex node);
    void on_published(std::uint64_t token);
    void on_barrier(NodeIndex node, std::uint64_t token, bool is_complete);
    /// Looks who knows of whose interest by now: nodes whose digests of it agree.
    void compare_digests();

    struct Barriers {
        std::uint64_t complete = 0;
        std::uint64_t partial = 0;
        std::vector<float> durations_ms;
    };
    [[nodiscard]] const Barriers& barriers() const { return barriers_; }

  private:
    struct Publisher {
        NodeIndex node = 0;
        mesh::Priority priority = mesh::Priority::Default;
        std::string topic_prefix;
        mesh::NodeId identity;  // of the node when `flow` began
        std::uint32_t flow = 0;
        std::uint32_t position = 0;
    };
    /// A barrier under way: whom it covers.
    struct Wait {
        SubscriptionIndex subscription = 0;
        std::uint32_t life = 0;
        Instant begun_at;
        std::vector<std::pair<NodeIndex, std::uint32_t>> covered;  // nodes and their lives
    };

    [[nodiscard]] std::vector<bool> reachable_from(NodeIndex node) const;
    void subscribe_somewhere();
    void end_some_subscription();
    void churn(Instant until);
    void announce(SubscriptionIndex index);
    void publish(std::size_t index, Instant until);
    void publish_now(Publisher& publisher);
    void retain(Instant until);
    void retain_now();
    [[nodiscard]] std::string random_topic();
    [[nodiscard]] std::string random_filter();

    World& world_;
    Ledger& ledger_;
    WorkloadOptions options_;
    Random random_;
    Random retained_random_;
    NodeIndex node_count_;
    std::vector<Publisher> publishers_;
    std::uint32_t flow_count_ = 0;
    std::uint64_t last_token_ = 0;
    std::map<std::uint64_t, Wait> waits_;      // by token
    std::vector<std::uint32_t> told_in_life_;  // of each subscription: the last barrier's life
    Barriers barriers_;
};

}  // namespace kith::sim

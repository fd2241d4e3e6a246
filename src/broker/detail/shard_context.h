// What the parts of the broker on one shard share. Made by ShardBroker, borrowed by the rest.
//
// Not a place for behaviour: each part is a class of its own and finds the others here.
// Threads: shard-local, but for NodeShared.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "broker/counters.h"
#include "broker/detail/fanout.h"
#include "broker/detail/limit_log.h"
#include "broker/detail/node_budget.h"
#include "broker/detail/packet_log.h"
#include "broker/detail/queue_memory.h"
#include "broker/detail/retained_store.h"
#include "broker/detail/shard_link.h"
#include "broker/detail/shard_rates.h"
#include "broker/detail/store_client.h"
#include "broker/detail/subscription_index.h"
#include "broker/detail/topic_table.h"
#include "broker/detail/tracer.h"
#include "broker/events.h"
#include "broker/options.h"
#include "bus/authenticator.h"
#include "bus/authorizer.h"
#include "bus/mesh_port.h"
#include "runtime/shard.h"
#include "wire/mqtt/decoder.h"

namespace kith::broker {

class Committer;
class ConnectionTable;
class Delivery;
class HoldList;
class FarSide;
class MeshInterest;
class RightsTable;
class QueueLoader;
class Router;
class SessionMoves;
class SessionTable;
class ShardBroker;
class ShareReturns;
class SnapshotServer;
class SlowClients;
class Subscriber;

/// Of the whole node. Threads: any; counters are atomic, the rest is set before the shards start.
struct NodeShared {
    NodeShared(const BrokerOptions& options_in, std::size_t shard_count)
        : options(options_in),
          connections(options.connections_max),
          pending_connections(options.pending_connections_max),
          pending_bytes(options.pending_bytes_max),
          sessions(options.sessions_max),
          subscriptions(options.subscriptions_max),
          retained_messages(options.retained_messages_max),
          retained_bytes(options.retained_bytes_max),
          own_topics(TopicTable::own_share(options.topics_max, shard_count)),
          topics(common_topics(options.topics_max, shard_count)),
          wills_bytes(options.wills_bytes_max),
          memory(options.queued_bytes_max) {}

    const BrokerOptions
        options;  // as the node started; each shard has its own copy that may change
    std::vector<ShardBroker*> shards;  // by shard id
    // When the node began, on both clocks: see ShardContext::message_now().
    Instant began;
    WallTime began_at;
    bool is_started = false;  // before that shards call one another directly
    std::atomic<std::uint64_t> last_message_id = 0;
    std::atomic<std::uint64_t> last_session_id = 0;
    std::atomic<std::uint64_t> mesh_session_id = 0;  // see FarSide; 0: there never was a mesh
    TraceNumbers trace_numbers;
    NodeBudget connections;
    NodeBudget pending_connections;
    NodeBudget pending_bytes;
    NodeBudget sessions;
    NodeBudget subscriptions;
    NodeBudget retained_messages;
    NodeBudget retained_bytes;
    std::size_t own_topics;  // of each shard
    NodeBudget topics;       // beyond these
    NodeBudget wills_bytes;
    NodeMemory memory;
    NodeRates rates;

    [[nodiscard]] std::size_t common_topics(std::size_t topics_max, std::size_t shard_count) const {
        return topics_max - std::min(topics_max, own_topics * shard_count);
    }
    [[nodiscard]] MessageId next_message_id() {
        return MessageId(last_message_id.fetch_add(1, std::memory_order_relaxed) + 1);
    }
    [[nodiscard]] SessionId mesh_session() const {
        return SessionId(mesh_session_id.load(std::memory_order_relaxed));
    }
    [[nodiscard]] SessionId next_session_id() {
        return SessionId(last_session_id.fetch_add(1, std::memory_order_relaxed) + 1);
    }
};

/// The topic tree of one tenant, as far as it lives on this shard.
struct TopicSpace {
    TopicSpace(NodeShared& node, std::uint16_t shard_count)
        : topics({.node = node.topics,
                  .own_share = node.own_topics,
                  .client_topics_max = node.options.client_topics_max},
                 shard_count),
          retained({.messages = node.retained_messages, .bytes = node.retained_bytes},
                   shard_count) {}

    SubscriptionIndex index;
    TopicTable topics;
    RetainedStore retained;
};

/// What access/ and node/ answer and take, for one shard.
struct ShardPorts {
    bus::Authenticator& authenticator;
    bus::Authorizer& authorizer;
    EventSink& events;
};

struct ShardContext {
    ShardContext(runtime::Shard& shard_in, NodeShared& node_in, const ShardPorts& ports)
        : shard(shard_in),
          node(node_in),
          authenticator(ports.authenticator),
          authorizer(ports.authorizer),
          events(ports.events),
          tracer(shard_in, node_in.trace_numbers),
          store(shard_in),
          links(shard_in.shard_count()),
          default_space(node_in, shard_in.shard_count()),
          subscription_lease(node_in.subscriptions, shard_in.shard_count(), kSubscriptionBlock),
          memory(node_in.memory, *this),
          limit_log(*this),
          options_(node_in.options),
          rates(node_in.rates, options_) {}

    [[nodiscard]] const BrokerOptions& options() const { return options_; }
    /// Of a connection that begins now: in a mesh, no larger than what reaches other nodes.
    [[nodiscard]] std::uint32_t packet_bytes_max() const {
        return node.mesh_session() == SessionId()
                   ? options_.packet_bytes_max
                   : std::min(options_.packet_bytes_max, bus::kMeshMessageBytesMax);
    }
    /// As reloaded() made them; on this shard from now on.
    void set_options(const BrokerOptions& options) {
        options_ = options;
        default_space.topics.set_client_topics_max(options.client_topics_max);
        rates.set(options_);
        subscription_lease.trim();
        default_space.retained.trim();
    }
    /// The clock that messages expire by: wall time as it was when the node began, and monotonic
    /// from then on. A wall clock that is set (at boot, before the network was there) expires
    /// nothing.
    [[nodiscard]] WallTime message_now() const {
        return node.began_at + std::chrono::milliseconds(to_ms(shard.now() - node.began));
    }
    /// When a message expires on the wall clock, as the disk keeps it: a restart knows no other.
    [[nodiscard]] WallTime to_wall(WallTime expires_at) const {
        return expires_at == WallTime() ? expires_at
                                        : expires_at + (shard.wall_now() - message_now());
    }
    /// Every tenant's topics are a tree of their own; until tenants can be made there is one.
    [[nodiscard]] TopicSpace& space(TenantId tenant) {
        CHECK(tenant == kDefaultTenant);
        return default_space;
    }
    [[nodiscard]] bool is_alone() const { return shard.shard_count() == 1; }

    runtime::Shard& shard;
    NodeShared& node;
    bus::Authenticator& authenticator;
    bus::Authorizer& authorizer;
    EventSink& events;
    Counters counters;
    Tracer tracer;
    PacketLog packet_log;
    mqtt::Decoder decoder{mqtt::Sender::Client};  // one for all connections: its scratch is large
    StoreClient store;
    std::vector<ShardLink> links;  // by shard id; the own one is unused
    TopicSpace default_space;
    BudgetLease subscription_lease;
    QueueMemory memory;
    LimitLog limit_log;

    /// The node stops: nobody is let in any more.
    bool is_closing = false;

    Router* router = nullptr;
    Delivery* delivery = nullptr;
    Committer* committer = nullptr;
    ShareReturns* returns = nullptr;
    RightsTable* rights = nullptr;
    SessionTable* sessions = nullptr;
    SessionMoves* moves = nullptr;
    Subscriber* subscriber = nullptr;
    SnapshotServer* snapshots = nullptr;
    HoldList* holds = nullptr;
    SlowClients* slow_clients = nullptr;
    QueueLoader* loader = nullptr;
    ConnectionTable* connections = nullptr;
    MeshInterest* mesh_interest = nullptr;
    FarSide* far_side = nullptr;  // on the first shard

  private:
    static constexpr std::uint64_t kSubscriptionBlock = 1024;

    BrokerOptions options_;

  public:
    ShardRates rates;
};

}  // namespace kith::broker

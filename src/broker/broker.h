// The MQTT broker: clients, sessions, topics, on every shard.
//
//     Broker broker(shards, options, ...);     // one BrokerShard a shard
//     broker.recover(store);                   // sessions, messages, retained from disk
//     broker.start(journal);                   // from then on shards may accept()
//
// Threads: made and recovered by one thread before the shards run. A BrokerShard is shard-local.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "broker/accept.h"
#include "broker/counters.h"
#include "broker/events.h"
#include "broker/observe.h"
#include "broker/options.h"
#include "broker/packet_log.h"
#include "broker/trace.h"
#include "bus/authenticator.h"
#include "bus/authorizer.h"
#include "bus/bus.h"
#include "bus/mesh_port.h"
#include "bus/session_port.h"
#include "runtime/shard.h"
#include "runtime/stream.h"
#include "storage/journal.h"

namespace kith::broker {

/// The broker on one shard.
class BrokerShard : public bus::Bus {
  public:
    /// Takes a new connection, TLS or WebSocket wrappings included; its CONNECT is to come.
    virtual void accept(std::unique_ptr<runtime::Stream> stream, AcceptOptions options) = 0;

    /// Tells every client that the node goes away, closes, and lets nobody in any more: for
    /// shutdown. Wills without a delay are published, as the clients' connections end before they
    /// wanted; a will that is delayed stays with its session, if that outlives the node.
    virtual void disconnect_all() = 0;

    /// Nothing is under way here: no connection, no change that waits for the disk, no mail that
    /// another shard has not read. For shutdown.
    [[nodiscard]] virtual bool is_idle() const = 0;

    /// Connections here, those that are closing included.
    [[nodiscard]] virtual std::size_t connection_count() const = 0;

    /// From now on, here. Requires: reloaded() made them; Broker::set_options() was called.
    virtual void set_options(const BrokerOptions& options) = 0;
    [[nodiscard]] virtual Counters counters() = 0;
    virtual void for_each_client(const std::function<void(const ClientView&)>& visit) = 0;
    [[nodiscard]] virtual std::optional<ClientDetail> client(std::string_view client_id) = 0;
    /// Closes the client's connection; false if it has none here.
    virtual bool disconnect(std::string_view client_id, const char* reason) = 0;
    /// Closes all connections here of principals that must not be here any more; their sessions
    /// stay.
    virtual void disconnect_principals(
        const std::function<bool(const bus::Principal& principal)>& is_ended,
        const char* reason) = 0;
    /// Ends the client's session for good; false if there is none here.
    virtual bool forget(std::string_view client_id) = 0;

    /// Topics published to on this shard since they were last visited, kTopicsDrainedMax at most.
    virtual void drain_changed_topics(const std::function<void(const TopicView&)>& visit) = 0;
    /// All that are remembered.
    virtual void for_each_topic(const std::function<void(const TopicView&)>& visit) = 0;
    virtual void for_each_retained(const std::function<void(const RetainedView&)>& visit) = 0;
    /// Of the directory of machines, those whose topics this shard orders.
    virtual void for_each_machine_entry(const std::function<void(const RetainedView&)>& visit) = 0;
    /// Client ids here that would get a message of this topic; at most `count_max`.
    [[nodiscard]] virtual std::vector<std::string> subscribers_of(std::string_view topic,
                                                                  std::size_t count_max) = 0;
    /// How many clients here would get a message of this topic.
    [[nodiscard]] virtual std::uint32_t subscriber_count(std::string_view topic) = 0;

    /// `watcher` sees the messages of this client, now or when it comes, until unwatch_client().
    virtual void watch_client(std::string_view client_id, ClientWatcher& watcher) = 0;
    virtual void unwatch_client(std::string_view client_id, ClientWatcher& watcher) = 0;

    /// This shard's part of a trace, until stop_trace(). `sink` must outlive it. Requires: no other
    /// trace has the slot.
    virtual void start_trace(const TraceSpec& spec, TraceSink& sink) = 0;
    virtual void stop_trace(std::uint8_t slot) = 0;

    /// Clients here that do not take what waits for them.
    virtual void for_each_slow_client(const std::function<void(const SlowClientView&)>& visit) = 0;

    /// `sink` sees the packets of this client that pass here, now or when it comes, until
    /// end_packet_log(): on the shard where it lives, and its CONNECT on that which accepts it.
    virtual void log_packets(std::string_view client_id, PacketLogSink& sink) = 0;
    virtual void end_packet_log(std::string_view client_id) = 0;

    /// On the first shard, once: hands `mesh` what was kept for it, then calls `done`, from when on
    /// far_side() may be called and all shards be told to tell_mesh().
    virtual void open_mesh(bus::MeshPort& mesh, std::function<void()> done) = 0;
    /// From now on the mesh knows what clients of this shard subscribe to, and their SUBACKs wait
    /// until all nodes do. Requires: open_mesh() is done.
    virtual void tell_mesh(bus::MeshPort& mesh) = 0;
    /// Requires: the first shard.
    [[nodiscard]] virtual bus::BrokerPort& far_side() = 0;
    /// From now on sessions of this shard are found by other nodes, and theirs by clients here.
    /// Requires: tell_mesh() was called; `port` belongs to the first shard and outlives the broker.
    virtual void share_sessions(bus::SessionPort& port, bus::PeerId self) = 0;
    /// What the first shard's `port` tells. Requires: the first shard.
    [[nodiscard]] virtual bus::SessionListener& sessions_listener() = 0;

    /// The shard that a client id lives on; the same on all shards.
    [[nodiscard]] virtual ShardId home_of(std::string_view client_id) const = 0;
};

/// What the broker needs of the node, shard by shard. Borrowed for its life.
struct BrokerParts {
    std::vector<runtime::Shard*> shards;
    std::vector<bus::Authenticator*> authenticators;  // one a shard
    std::vector<bus::Authorizer*> authorizers;        // one a shard
    std::vector<EventSink*> events;                   // one a shard
    /// Bytes of the process's heap, for $SYS; may be empty.
    std::function<std::uint64_t()> heap_bytes = {};
};

/// One limit as it stands.
struct LimitView {
    Limit limit;
    std::uint64_t value = 0;            // 0 for a rate: none
    std::optional<std::uint64_t> used;  // where it is a quantity
    LimitCount count;
};

class Broker final : public storage::CommitListener {
  public:
    /// Requires: check_options(options).
    Broker(const BrokerOptions& options, const BrokerParts& parts);
    ~Broker() override;

    /// Reads everything that `store` holds. Errors: those of the store.
    [[nodiscard]] Status recover(storage::MessageStore& store);
    /// Where changes go from now on, and $SYS begins. Requires: called once, after recover().
    void start(storage::Journal& journal);

    /// The node's limits from now on; then each shard is told. Any thread.
    void set_options(const BrokerOptions& options);
    /// What each limit is, and what is used of it; `totals` are the sums of all shards' counters.
    /// On the first shard.
    [[nodiscard]] std::vector<LimitView> limits(const Counters& totals) const;

    [[nodiscard]] BrokerShard& shard(ShardId id);

    // storage::CommitListener: any thread.
    void on_committed(ShardId shard, storage::CommitTicket through) override;
    void on_store_state(storage::StoreState state, const Error& reason) override;
    void on_queue_read(ShardId shard, storage::QueuePart part) override;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kith::broker

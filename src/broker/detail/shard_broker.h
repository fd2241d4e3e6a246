// The broker on one shard: makes its parts, wires them, and shows them to the outside.
#pragma once

#include <memory>
#include <optional>

#include "broker/broker.h"
#include "broker/detail/client_rights.h"
#include "broker/detail/committer.h"
#include "broker/detail/connection_table.h"
#include "broker/detail/delivery.h"
#include "broker/detail/far_side.h"
#include "broker/detail/hold_list.h"
#include "broker/detail/mesh_interest.h"
#include "broker/detail/queue_loader.h"
#include "broker/detail/router.h"
#include "broker/detail/session_moves.h"
#include "broker/detail/session_table.h"
#include "broker/detail/shard_context.h"
#include "broker/detail/share_returns.h"
#include "broker/detail/slow_clients.h"
#include "broker/detail/snapshot.h"
#include "broker/detail/subscriber.h"

namespace kith::broker {

/// Threads: shard-local.
class ShardBroker final : public BrokerShard {
  public:
    ShardBroker(runtime::Shard& shard, NodeShared& node, const ShardPorts& ports);
    ~ShardBroker() override;

    /// A connection comes from the shard that accepted it.
    void adopt(Handover handover);
    /// The shard's first turn.
    void start();
    /// The journal reports; in the completions phase.
    void on_committed(storage::CommitTicket through);

    [[nodiscard]] ShardContext& context() { return context_; }
    [[nodiscard]] Router& router() { return router_; }
    [[nodiscard]] SessionTable& sessions() { return sessions_; }
    [[nodiscard]] Subscriber& subscriber() { return subscriber_; }
    [[nodiscard]] SnapshotServer& snapshots() { return snapshots_; }
    [[nodiscard]] QueueLoader& loader() { return loader_; }
    [[nodiscard]] SessionMoves& moves() { return moves_; }
    void on_queue_read(const storage::QueuePart& part);

    // bus::Bus
    void publish(const bus::Message& message,
                 std::function<void(const bus::PublishOutcome&)> done) override;
    [[nodiscard]] std::unique_ptr<bus::Subscription> subscribe(
        TenantId tenant, bus::TopicFilter filter, bus::Subscriber& subscriber) override;

    // BrokerShard
    void accept(std::unique_ptr<runtime::Stream> stream, AcceptOptions options) override;
    void disconnect_all() override;
    [[nodiscard]] bool is_idle() const override {
        return connections_.size() == 0 && context_.store.is_idle() && router_.is_idle();
    }
    [[nodiscard]] std::size_t connection_count() const override { return connections_.size(); }
    void set_options(const BrokerOptions& options) override;
    [[nodiscard]] Counters counters() override;
    void for_each_client(const std::function<void(const ClientView&)>& visit) override;
    [[nodiscard]] std::optional<ClientDetail> client(std::string_view client_id) override;
    bool disconnect(std::string_view client_id, const char* reason) override;
    void disconnect_principals(const std::function<bool(const bus::Principal& principal)>& is_ended,
                               const char* reason) override;
    bool forget(std::string_view client_id) override;
    void drain_changed_topics(const std::function<void(const TopicView&)>& visit) override;
    void for_each_topic(const std::function<void(const TopicView&)>& visit) override;
    void for_each_retained(const std::function<void(const RetainedView&)>& visit) override;
    void for_each_machine_entry(const std::function<void(const RetainedView&)>& visit) override;
    [[nodiscard]] std::vector<std::string> subscribers_of(std::string_view topic,
                                                          std::size_t count_max) override;
    [[nodiscard]] std::uint32_t subscriber_count(std::string_view topic) override;
    void watch_client(std::string_view client_id, ClientWatcher& watcher) override;
    void unwatch_client(std::string_view client_id, ClientWatcher& watcher) override;
    void start_trace(const TraceSpec& spec, TraceSink& sink) override;
    void stop_trace(std::uint8_t slot) override;
    void for_each_slow_client(const std::function<void(const SlowClientView&)>& visit) override {
        slow_clients_.for_each(visit);
    }
    void log_packets(std::string_view client_id, PacketLogSink& sink) override;
    void end_packet_log(std::string_view client_id) override;
    [[nodiscard]] ShardId home_of(std::string_view client_id) const override;
    void open_mesh(bus::MeshPort& mesh, std::function<void()> done) override;
    void tell_mesh(bus::MeshPort& mesh) override { mesh_interest_.open(mesh); }
    [[nodiscard]] bus::SessionListener& sessions_listener() override { return session_mail_; }
    void share_sessions(bus::SessionPort& port, bus::PeerId self) override {
        moves_.open(port, self);
    }
    [[nodiscard]] bus::BrokerPort& far_side() override {
        CHECK(far_side_.has_value());
        return *far_side_;
    }

  private:
    void turn_away(runtime::Stream& stream, Limit limit);
    [[nodiscard]] ClientView view_of(const Session& session) const;
    [[nodiscard]] TopicView view_of(const TopicEntry& entry);

    ShardContext context_;
    HoldList holds_;
    SlowClients slow_clients_;
    Router router_;
    Delivery delivery_;
    Committer committer_;
    MeshInterest mesh_interest_;
    std::optional<FarSide> far_side_;  // on the first shard
    ShareReturns returns_;
    RightsTable rights_;  // before the sessions, which refer to it
    QueueLoader loader_;
    SessionMoves moves_;  // before the sessions, whose end it is told
    SessionTable sessions_;
    Subscriber subscriber_;
    SnapshotServer snapshots_;
    SessionMail session_mail_;
    ConnectionTable connections_;  // last: connections go first
};

}  // namespace kith::broker

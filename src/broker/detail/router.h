// The life of a message inside the broker: from whoever published it to everybody's queue.
//
// One shard coordinates each message: the publisher's, or for a message that touches a retained
// topic the topic's owner, which thereby puts them in order. The coordinator routes to its own
// sessions and sends the message once to every other shard with receivers. If a durable session
// wants it, those shards answer with rows, and the coordinator commits message, rows, retained
// value and the publisher's QoS 2 id in one transaction; only then is the publisher acknowledged
// and are durable sessions shown the message. Nothing durable: no disk, no wait. Threads:
// shard-local.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <functional>

#include "broker/detail/shard_context.h"
#include "bus/bus.h"

namespace kith::broker {

class Session;

struct PublishResult {
    bool is_settled = true;  // known now; otherwise SessionTable::on_settled() tells later, or has
    Settlement settlement = Settlement::Accepted;
    std::uint32_t receiver_count = 0;
};

class Router final : public LinkReceiver {
  public:
    explicit Router(ShardContext& context) : context_(context), flush_task_(*this) {}

    /// Takes a message that a client or a part of the node published on this shard.
    PublishResult publish(const bus::Message& message, PublishOrigin origin);
    /// The same, for callers inside the node.
    void publish(const bus::Message& message, std::function<void(const bus::PublishOutcome&)> done);

    /// Delivers a retained message, or a group's message, to one session of this shard.
    void deliver_direct(const MessageHeader& header, const bus::Message& message);
    /// Delivers one message of a retained snapshot, with RETAIN set [MQTT-3.3.1-8].
    void deliver_retained(Session& session, const MessageHeader& header,
                          const bus::Message& message);

    /// True once after a message met a receiver that cannot take more: hold the publisher.
    [[nodiscard]] bool take_congestion() { return std::exchange(is_congested_, false); }
    void note_congestion() { is_congested_ = true; }

    /// Has the records in the links posted at the end of the turn.
    void flush_links() { context_.shard.flush_later(flush_task_); }
    /// Sends credits back that were kept because receivers could not take more.
    void release_credits();

    // LinkReceiver
    void on_message_record(ShardId from, const MessageHeader& header,
                           const bus::Message& message) override;
    void on_rows_record(MessageId id, std::vector<DeliveryRow> rows) override;
    void on_committed_record(MessageId id) override;
    void on_settled_record(const PublishOrigin& origin, Settlement settlement,
                           std::uint32_t receiver_count) override;
    void on_route_done_record(TopicEntry* routed_topic) override;
    void on_link_mail_done(ShardId from, std::vector<std::uint8_t> buffer) override;
    /// The receiver of our mail gives the buffer back.
    void on_credit(ShardId from, std::vector<std::uint8_t> buffer);

  private:
    /// One message while this shard's sessions get it.
    struct Routing {
        const bus::Message& message;
        MessageId id;
        Fanout fanout;
        MessageRef stored;  // made when the first session must keep it
        std::vector<DeliveryRow> rows;
        boost::container::small_vector<SessionId, 4> awaiting;  // durable sessions here
        std::uint64_t relay_shards = 0;  // to be told of the commit: members of groups there
        std::uint32_t receiver_count = 0;
        bool is_row_unassigned = false;
    };
    /// A message whose commit this shard coordinates.
    struct Pending {
        PublishOrigin origin;
        MessageRef stored;
        std::vector<DeliveryRow> rows;
        std::uint32_t missing_count = 0;  // shards whose rows are due
        std::uint32_t receiver_count = 0;
        std::uint64_t durable_shards = 0;
        RetainedStore::Change retained = RetainedStore::Change::Nothing;
    };
    /// A message that durable sessions here have queued and must not be shown yet.
    struct Uncommitted {
        MessageRef stored;
        boost::container::small_vector<SessionId, 4> awaiting;
        std::uint64_t relay_shards = 0;
        bool is_row_unassigned = false;  // the row on disk has no packet id yet
    };
    /// A routed message whose origin may go straight again once these links have been read.
    struct RouteMark {
        ShardId origin;
        TopicEntry* routed_topic = nullptr;
        boost::container::small_vector<std::pair<ShardId, std::uint64_t>, 4> posted;
    };

    PublishResult send_to_owner(TopicEntry& entry, const bus::Message& message,
                                PublishOrigin origin);
    PublishResult coordinate(const bus::Message& message, const PublishOrigin& origin,
                             std::uint64_t* reached_shards);
    void commit(MessageId id);
    void on_durable(MessageId id);
    void show_committed(MessageId id);
    bool assign_row(MessageId id, Uncommitted& uncommitted);
    void settle(const PublishOrigin& origin, Settlement settlement, std::uint32_t receiver_count);

    const Route& fresh_route(TopicEntry& entry, const bus::Message& message);
    void deliver_local(const Route& route, Routing& routing);
    void deliver_to_group(ShareGroup& group, Routing& routing);
    void deliver(Session& session, Qos granted, bool retain,
                 std::span<const std::uint32_t> identifiers, Routing& routing);
    void enqueue(Session& session, Qos granted, bool retain,
                 std::span<const std::uint32_t> identifiers, Routing& routing);
    std::uint32_t forward(std::uint64_t shards, const MessageHeader& header,
                          const bus::Message& message);
    void keep_uncommitted(Routing& routing);
    void route_for(ShardId from, const MessageHeader& header, const bus::Message& message);
    void deliver_for(ShardId from, const MessageHeader& header, const bus::Message& message);
    void check_route_marks();
    void post_links();

    class FlushTask final : public runtime::Task {
      public:
        explicit FlushTask(Router& router) : router_(router) {}
        void run_task() override { router_.post_links(); }

      private:
        Router& router_;
    };

    ShardContext& context_;
    FlushTask flush_task_;
    FanoutBuffers fanout_buffers_;
    boost::unordered_flat_map<MessageId, Pending> pending_;
    boost::unordered_flat_map<MessageId, Uncommitted> uncommitted_;
    boost::unordered_flat_map<std::uint32_t, std::function<void(const bus::PublishOutcome&)>>
        tickets_;
    std::uint32_t last_ticket_ = 0;
    std::deque<RouteMark> route_marks_;
    std::vector<std::pair<ShardId, std::vector<std::uint8_t>>> kept_credits_;
    bool is_congested_ = false;
};

}  // namespace kith::broker

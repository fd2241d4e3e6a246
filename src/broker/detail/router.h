// The life of a message inside the broker: from whoever published it to everybody's queue.
//
// One shard coordinates each message: the publisher's, or for a message that touches a retained
// topic the topic's owner, which thereby puts them in order. The coordinator gives it to its own
// sessions (Delivery), sends it once to every other shard with receivers, and commits it if anybody
// keeps it (Committer); only then is the publisher acknowledged. Nothing durable: no disk, no wait.
//
// Order. Messages of one publisher and topic keep theirs, although some go straight and some by way
// of the owner. From the first that goes by way of the owner all do, until the owner says that
// everybody has read them (RouteDone); and that first one waits until everybody has read those that
// went straight before it. Links say what has been read, by their credits. Threads: shard-local.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <optional>

#include "broker/detail/shard_context.h"
#include "bus/bus.h"

namespace kith::broker {

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
    using Done = std::function<void(const bus::PublishOutcome&)>;
    /// The same, for callers inside the node.
    void publish(const bus::Message& message, Done done);
    /// The same for one that is committed with `origin.mark`, behind those of `origin.session`.
    void publish(const bus::Message& message, PublishOrigin origin, Done done);

    /// Where messages of this topic go now.
    /// In `scratch`, if its topic is not remembered.
    [[nodiscard]] const Route& fresh_route(const bus::Message& message,
                                           std::optional<Route>& scratch);

    /// Sends a record about a message to another shard at the end of the turn; for the own shard it
    /// is handled at once.
    void send(ShardId shard, const MessageHeader& header, const bus::Message& message);
    void send_rows(ShardId coordinator, const RowsHeader& header,
                   const std::vector<DeliveryRow>& rows);
    void send_committed(std::uint64_t shards, MessageId id);
    /// Tells whoever published what has become of it.
    void settle(const PublishOrigin& origin, Settlement settlement, std::uint32_t receiver_count);

    /// The retained store has no room for it: counts, and looks for what has expired.
    void note_retained_full(const bus::Message& message, Limit limit);
    /// On disk, as `change` says.
    void store_retained(const bus::Message& message, RetainedStore::Change change);

    /// Sends credits back that were kept because receivers could not take more.
    void release_credits();
    /// Another shard or the store has more to do than memory should hold.
    [[nodiscard]] bool is_backlogged() const;

    /// Nothing is on its way between this shard and others, as far as it is known here.
    [[nodiscard]] bool is_idle() const {
        return tickets_.empty() && fenced_.empty() &&
               std::ranges::all_of(context_.links, &ShardLink::is_idle);
    }

    // LinkReceiver
    void on_message_record(ShardId from, const MessageHeader& header,
                           const bus::Message& message) override;
    void on_rows_record(ShardId from, const RowsHeader& header,
                        std::vector<DeliveryRow> rows) override;
    void on_committed_record(MessageId id) override;
    void on_settled_record(const PublishOrigin& origin, Settlement settlement,
                           std::uint32_t receiver_count) override;
    void on_route_done_record(TopicEntry* routed_topic) override;
    void on_link_mail_done(ShardId from, std::vector<std::uint8_t> buffer) override;
    /// The receiver of our mail gives the buffer back.
    void on_credit(ShardId from, std::vector<std::uint8_t> buffer);

  private:
    /// A routed message whose origin may go straight again once these shards have read it.
    struct RouteMark {
        ShardId origin;
        TopicEntry* routed_topic = nullptr;
        std::uint64_t shards = 0;
        std::uint64_t flush = 0;
    };

    [[nodiscard]] std::uint16_t show_published(const bus::Message& message);
    void note_limit(Limit limit, SessionId session);
    PublishResult publish_passing(const bus::Message& message, const PublishOrigin& origin);
    PublishResult send_to_owner(TopicEntry& entry, const bus::Message& message,
                                PublishOrigin origin);
    void post_route(const TopicEntry& entry, const bus::Message& message,
                    const PublishOrigin& origin);
    [[nodiscard]] bool is_fenced(const TopicEntry& entry) const;
    [[nodiscard]] bool is_far_side_congested() const;
    void check_fences();
    PublishResult coordinate(TopicEntry& entry, const bus::Message& message,
                             const PublishOrigin& origin);
    void forward(std::uint64_t shards, const MessageHeader& header, const bus::Message& message);
    [[nodiscard]] const Route& fresh_route(TopicEntry& entry, const bus::Message& message);
    void route_for(ShardId from, const MessageHeader& header, const bus::Message& message);
    void check_route_marks();
    /// True if all of `shards` have read what was sent up to `flush`.
    [[nodiscard]] bool is_read(std::uint64_t shards, std::uint64_t flush) const;
    [[nodiscard]] ShardLink& link_to(ShardId shard);
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
    std::uint64_t flush_ = 1;  // of what is appended to links now
    boost::unordered_flat_map<std::uint32_t, Done> tickets_;
    std::uint32_t last_ticket_ = 0;
    Instant next_retained_sweep_;
    std::deque<RouteMark> route_marks_;
    std::vector<TopicEntry*> fenced_;  // those whose messages wait for a fence
    std::vector<std::pair<ShardId, std::vector<std::uint8_t>>> kept_credits_;
};

}  // namespace kith::broker

// Messages on their way to the disk: which rows they need, whom their commit is told.
//
// The coordinator of a message gathers the rows of all shards with durable sessions that want it,
// commits message, rows and the publisher's QoS 2 id in one transaction, then tells those shards
// and settles the publish. Until then a durable session has the message in its queue but is not
// shown it. Messages of one publisher are committed in their order, although rows may come out of
// order, so that a crash does not keep a later one without an earlier. A retained value goes ahead,
// in the order of its topic.
// Threads: shard-local.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <optional>
#include <vector>

#include "broker/detail/delivery.h"
#include "broker/detail/shard_context.h"

namespace kith::broker {

class Committer {
  public:
    explicit Committer(ShardContext& context) : context_(context) {}

    /// A message that leaves a session's queue for another member of its group: the row of the old
    /// delivery goes in the same transaction, if anybody takes the message.
    struct Move {
        SessionId session;
        PacketId packet_id;
        std::uint64_t sequence = 0;
        MessageId message;
        GroupRef group;
        bool session_lives = false;
    };
    /// What is known when a message sets out.
    struct Plan {
        PublishOrigin origin;
        std::uint64_t durable_shards = 0;  // will send rows
        std::uint32_t receiver_count = 0;
        std::optional<Move> move;
    };
    /// This shard coordinates; commits at once if nothing is missing. `id` is that of `routing`, or
    /// a new one if only the retained store keeps the message.
    void begin(MessageId id, const Routing& routing, const Plan& plan);
    /// Who takes the message is not known yet, but one report will come.
    void begin_move(const MessageRef& stored, const Move& move);
    /// A shard reports its rows.
    void on_rows(ShardId from, const RowsHeader& header, std::vector<DeliveryRow> rows);

    /// Durable sessions here have queued the message of `routing` and must not be shown it yet.
    void await(const Routing& routing);
    /// The message, if sessions here wait for its commit; else null.
    [[nodiscard]] MessageRef find(MessageId id) const;
    /// The message is on disk: the durable sessions that queued it here may send it.
    void show(MessageId id);

  private:
    struct Pending {
        Plan plan;
        MessageRef stored;
        std::vector<DeliveryRow> rows;
        std::uint32_t missing_count = 0;  // shards with receivers whose rows are due
        std::int32_t relay_balance = 0;   // reports of group members: announced less received
        std::uint64_t row_shards = 0;     // to be told of the commit
        bool is_taken = false;            // a move: somebody has it
        bool is_blocked = false;          // an earlier one of its publisher has not set out
        MessageId next;                   // of its publisher, which this one blocks
    };
    struct Uncommitted {
        MessageRef stored;
        boost::container::small_vector<Awaiting, 4> awaiting;
    };

    void follow_publisher(MessageId id, Pending& pending);
    void commit_if_complete(MessageId id);
    /// Returns what it does not block any more, if it has set out now.
    MessageId set_out_if_complete(MessageId id);
    /// Unblocks and returns what its publisher sent behind it, if anything.
    MessageId leave_publisher(MessageId id, const Pending& pending);
    void append(MessageId id, const Pending& pending);
    void on_durable(MessageId id);

    ShardContext& context_;
    boost::unordered_flat_map<MessageId, Pending> pending_;
    boost::unordered_flat_map<SessionId, MessageId> last_of_;  // by publisher, not set out yet
    boost::unordered_flat_map<MessageId, Uncommitted> uncommitted_;
};

}  // namespace kith::broker

// From a message to the sessions of this shard that get it: into sockets, into queues, and by way
// of shared groups to sessions elsewhere.
//
// A group's owner chooses a member; if the member's shard finds that it cannot take the message
// after all, it returns it and the owner chooses another. Whoever ends up with a message that has
// an id reports the row for its durable session to the coordinator, exactly once. A durable session
// that gets one without an id has it committed by its own shard. Threads: shard-local.
#pragma once

#include <boost/container/small_vector.hpp>

#include <span>
#include <vector>

#include "broker/detail/fanout.h"
#include "broker/detail/outbound_queue.h"
#include "broker/detail/shard_context.h"
#include "broker/detail/share_group.h"

namespace kith::broker {

class Session;

/// A place in a durable session's queue that waits for a commit.
struct Awaiting {
    SessionId session;
    std::uint64_t sequence = 0;
};

/// One message while this shard's sessions get it.
struct Routing {
    const bus::Message& message;
    MessageId id;         // 0: its coordinator waits for nothing durable
    ShardId coordinator;  // commits it, if it has an id
    Fanout fanout;
    MessageRef stored;  // made when the first session must keep it
    std::vector<DeliveryRow> rows;
    boost::container::small_vector<Awaiting, 4> awaiting;  // durable sessions that queued it
    std::uint32_t receiver_count = 0;
    std::uint32_t relayed_count = 0;  // group members elsewhere, whose shards will report
    std::uint32_t sent_count = 0;     // written to sockets with QoS 0
};

/// How a session gets a message.
struct Grant {
    Qos qos = Qos::AtMostOnce;
    bool retain = false;
    std::span<const std::uint32_t> identifiers;
    GroupRef group;
};

class Delivery {
  public:
    explicit Delivery(ShardContext& context) : context_(context) {}

    /// `message` must outlive the result; one at a time sends.
    [[nodiscard]] Routing begin(const bus::Message& message, MessageId id, ShardId coordinator);
    /// Gives it to everybody on this shard.
    void to_route(const Route& route, Routing& routing);
    /// False if the session does not take it: not there for QoS 0, or its queue is full.
    bool to_session(Session& session, const Grant& grant, Routing& routing);

    /// Another shard coordinates; this one has receivers.
    void on_deliver(const MessageHeader& header, const bus::Message& message);
    /// A group elsewhere has chosen a session of this shard.
    void on_direct(const MessageHeader& header, const bus::Message& message);
    /// A member has not taken a message of a group that this shard owns, or gives it away.
    void on_return(const MessageHeader& header, const bus::Message& message);
    /// A message for this session alone, if it subscribes to its topic.
    void to_one(Session& session, const bus::Message& message);
    /// A message for this session alone, which another node has sent behind it.
    void forwarded(Session& session, const Grant& grant, const bus::Message& message);
    /// Delivers one message of a retained snapshot, with RETAIN set [MQTT-3.3.1-9].
    void retained(Session& session, const MessageHeader& header, const bus::Message& message);

  private:
    struct Offer {
        SessionId except;
        std::uint8_t hop_count = 0;
        ShareGroup::Sleepers sleepers = ShareGroup::Sleepers::Allowed;
    };
    enum class Offered : std::uint8_t { Taken, Relayed, Refused };

    [[nodiscard]] bool is_shared_by_all(const Routing& routing) const;
    void to_targets(const Route& route, Routing& routing);
    [[nodiscard]] Routing go_on(const bus::Message& message, const MessageHeader& header);
    Offered offer(ShareGroup& group, Offer offer, Routing& routing);
    void relay(const ShareMember& member, const ShareGroup& group, const Offer& offer,
               const Routing& routing);
    void enqueue(Session& session, const Grant& grant, Routing& routing);
    void enqueue_on_its_own(Session& session, const Grant& grant, const bus::Message& message);
    void show_dropped(const Session& session, const bus::Message& message, const char* reason);
    void count_dropped(Session& session, const Routing& routing);
    [[nodiscard]] bool must_spill(const Session& session, std::size_t bytes) const;
    struct Place {
        std::uint64_t sequence = 0;
        bool awaits_commit = false;
    };
    void note_queued(Session& session, const Grant& grant, const Place& place, Routing& routing);
    void add_identifiers(DeliveryRow& row, const Session& session, const Grant& grant,
                         const Routing& routing) const;
    [[nodiscard]] bool has_room(Session& session, std::size_t bytes);
    [[nodiscard]] bool has_place(const Session& session, const OutboundQueue::Limits& limits,
                                 std::size_t bytes);
    [[nodiscard]] bool has_room_while_held(const Session& session, std::size_t bytes) const;
    void note_slow(Session& session, const GroupRef& group);
    [[nodiscard]] bool holds_publishers(const Session& session) const;
    void report(const Routing& routing, const RowsHeader& header);
    void record_delay(const Routing& routing);

    ShardContext& context_;
    FanoutBuffers fanout_buffers_;
};

}  // namespace kith::broker

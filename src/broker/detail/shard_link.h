// From one shard of the broker to another: records of one turn, sent as one mail.
//
// What a turn has for another shard is appended to one buffer and posted in the flush phase, so a
// thousand messages cost one mail. The receiver gives the buffer back when it is done with it: that
// is the credit by which a slow shard holds back its senders, and the memory of the next mail.
//
// A record is a fixed header and, for messages, topic, properties and payload behind it. Records
// never leave the process: host byte order, no versions. Threads: shard-local, one link per
// direction.
#pragma once

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/ids.h"
#include "broker/detail/connection_id.h"
#include "broker/detail/delivery_row.h"
#include "broker/detail/group_ref.h"
#include "broker/detail/subscription.h"
#include "bus/mesh_port.h"
#include "bus/message.h"
#include "runtime/shard.h"

namespace kith::broker {

/// Bytes under way to another shard above which publishers are held back.
inline constexpr std::size_t kLinkBytesMax = 512 * 1024;

enum class RecordKind : std::uint8_t {
    Deliver,    // route to the receiving shard's own sessions
    Direct,     // deliver to one session: a shared group's choice
    Snapshot,   // deliver to one session: a retained message for a new subscription
    Return,     // a member of a group that the receiver owns does not take it: choose another
    Route,      // the receiver owns the topic: order, retain and route it
    Rows,       // what durable sessions there will have in their queues
    Committed,  // the message is on disk: durable sessions may be shown it
    Settled,    // a Route record has reached the disk, or needed none: acknowledge it
    RouteDone,  // everybody has seen a Route record's message: later ones may go straight
};

struct TopicEntry;

/// Who published, for the acknowledgement; nobody if `session` and `ticket` are 0.
struct PublishOrigin {
    SessionId session;
    ConnectionId connection;  // a later one of the session is not owed a PUBACK
    ShardId shard;
    PacketId packet_id;
    Qos qos = Qos::AtMostOnce;
    bool is_durable = false;  // its session is: a QoS 2 id goes to disk with the message
    std::uint16_t trace = 0;  // the mark of the message
    /// Stored with the message; whoever published keeps it until the settlement.
    const bus::MeshMark* mark = nullptr;
    std::uint32_t ticket = 0;            // for callers inside the node; 0 is none
    TopicEntry* routed_topic = nullptr;  // on the origin's shard, which keeps it until RouteDone

    [[nodiscard]] bool wants_settlement() const { return session.value() != 0 || ticket != 0; }
};

/// Where in its snapshot a message stands.
enum class SnapshotPlace : std::uint8_t {
    Within,
    ChunkEnd,  // the last of its chunk; the next one waits to be asked for
    End,       // the last that this owner has
};

/// The fixed part of a record about a message.
struct MessageHeader {
    RecordKind kind = RecordKind::Deliver;
    MessageId id;  // 0: nothing durable waits for it
    // Deliver, Direct, Return: who commits it and so wants rows, if `id` is not 0.
    ShardId coordinator;
    // Direct, Snapshot: the receiver. Return: who did not take it.
    SessionId session;
    std::uint32_t identifier = 0;
    SubscriptionOptions options;
    GroupRef group;              // Direct, Return
    std::uint8_t hop_count = 0;  // members that did not take it so far
    bool may_sleep = true;       // Return: a member that is not connected will do
    // Snapshot:
    std::uint64_t snapshot = 0;  // names the job at its owner
    SnapshotPlace snapshot_place = SnapshotPlace::Within;
    // Route:
    PublishOrigin origin;
};

/// What a shard reports of a message that it was given with an id.
struct RowsHeader {
    MessageId id;
    std::uint32_t relayed_count = 0;  // group members elsewhere, whose shards will report too
    bool is_relayed = false;          // this is such a report
    bool is_taken = true;             // false: no member of the group took it
};

/// What became of a publish.
enum class Settlement : std::uint8_t {
    Accepted,  // routed; nothing durable wanted it
    Durable,   // routed, and on disk
    Refused,   // not routed: the retained store is full
};

class LinkReceiver {
  public:
    virtual void on_message_record(ShardId from, const MessageHeader& header,
                                   const bus::Message& message) = 0;
    virtual void on_rows_record(ShardId from, const RowsHeader& header,
                                std::vector<DeliveryRow> rows) = 0;
    virtual void on_committed_record(MessageId id) = 0;
    virtual void on_settled_record(const PublishOrigin& origin, Settlement settlement,
                                   std::uint32_t receiver_count) = 0;
    virtual void on_route_done_record(TopicEntry* routed_topic) = 0;
    /// All records of one mail have been seen.
    virtual void on_link_mail_done(ShardId from, std::vector<std::uint8_t> buffer) = 0;

  protected:
    ~LinkReceiver() = default;
};

class ShardLink {
  public:
    void append_message(const MessageHeader& header, const bus::Message& message);
    void append_rows(const RowsHeader& header, std::span<const DeliveryRow> rows);
    void append_committed(MessageId id);
    void append_settled(const PublishOrigin& origin, Settlement settlement,
                        std::uint32_t receiver_count);
    void append_route_done(TopicEntry* routed_topic);

    [[nodiscard]] bool has_records() const { return !buffer_.empty(); }
    /// Takes what was appended, to be posted as the mail of `flush`: a number that only grows.
    [[nodiscard]] std::vector<std::uint8_t> take(std::uint64_t flush);
    /// The receiver has read the oldest mail and gives its buffer back.
    void give_back(std::vector<std::uint8_t> buffer);
    /// True if the receiver has read all mails of flushes up to this one. What was appended since
    /// the last take() will be of a later one.
    [[nodiscard]] bool is_read_through(std::uint64_t flush) const {
        return unread_.empty() || unread_.front() > flush;
    }

    [[nodiscard]] bool is_idle() const { return buffer_.empty() && unread_.empty(); }
    [[nodiscard]] std::size_t bytes_under_way() const { return bytes_under_way_ + buffer_.size(); }
    [[nodiscard]] bool is_congested() const { return bytes_under_way() > kLinkBytesMax; }

  private:
    std::vector<std::uint8_t> buffer_;
    std::vector<std::vector<std::uint8_t>> idle_buffers_;
    std::size_t bytes_under_way_ = 0;
    boost::container::small_vector<std::uint64_t, 8> unread_;  // flushes of the mails under way
};

/// Shows the records of a mail, in order.
void read_records(ShardId from, std::vector<std::uint8_t> buffer, LinkReceiver& receiver);

}  // namespace kith::broker

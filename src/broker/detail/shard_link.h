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

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/ids.h"
#include "broker/detail/delivery_row.h"
#include "broker/detail/subscription.h"
#include "bus/message.h"
#include "runtime/shard.h"

namespace kith::broker {

/// Bytes under way to another shard above which publishers are held back.
inline constexpr std::size_t kLinkBytesMax = 2 * 1024 * 1024;

enum class RecordKind : std::uint8_t {
    Deliver,    // route to the receiving shard's own sessions
    Direct,     // deliver to one session: a retained message, or a shared group's choice
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
    ShardId shard;
    PacketId packet_id;
    Qos qos = Qos::AtMostOnce;
    bool is_durable = false;             // its session is: a QoS 2 id goes to disk with the message
    std::uint32_t ticket = 0;            // for callers inside the node; 0 is none
    TopicEntry* routed_topic = nullptr;  // on the origin's shard, which keeps it until RouteDone

    [[nodiscard]] bool wants_settlement() const { return session.value() != 0 || ticket != 0; }
};

/// The fixed part of a record about a message.
struct MessageHeader {
    RecordKind kind = RecordKind::Deliver;
    MessageId id;  // 0: nothing durable waits for it
    bool wants_rows = false;
    // Direct:
    SessionId session;
    std::uint32_t identifier = 0;
    SubscriptionOptions options;
    std::uint64_t snapshot = 0;      // the retained snapshot that this is part of; 0 if none
    bool is_last_of_chunk = false;   // ... whose next chunk waits to be asked for
    bool is_row_unassigned = false;  // the delivery goes to disk without a packet id
    // Route:
    PublishOrigin origin;
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
    virtual void on_rows_record(MessageId id, std::vector<DeliveryRow> rows) = 0;
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
    void append_rows(MessageId id, std::span<const DeliveryRow> rows);
    void append_committed(MessageId id);
    void append_settled(const PublishOrigin& origin, Settlement settlement,
                        std::uint32_t receiver_count);
    void append_route_done(TopicEntry* routed_topic);

    [[nodiscard]] bool has_records() const { return !buffer_.empty(); }
    /// Takes what was appended, to be posted.
    [[nodiscard]] std::vector<std::uint8_t> take();
    /// The receiver gave a buffer back.
    void give_back(std::vector<std::uint8_t> buffer);

    [[nodiscard]] bool is_congested() const {
        return bytes_under_way_ + buffer_.size() > kLinkBytesMax;
    }
    /// Mails posted and mails given back; equal when nothing is under way.
    [[nodiscard]] std::uint64_t posted_count() const { return posted_count_; }
    [[nodiscard]] std::uint64_t returned_count() const { return returned_count_; }

  private:
    std::vector<std::uint8_t> buffer_;
    std::vector<std::vector<std::uint8_t>> idle_buffers_;
    std::size_t bytes_under_way_ = 0;
    std::uint64_t posted_count_ = 0;
    std::uint64_t returned_count_ = 0;
};

/// Shows the records of a mail, in order.
void read_records(ShardId from, std::vector<std::uint8_t> buffer, LinkReceiver& receiver);

}  // namespace kith::broker

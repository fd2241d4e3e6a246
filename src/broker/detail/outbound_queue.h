// The QoS 1 and 2 messages on their way to one session: sent and unsent, in order.
//
// Every message gets its packet id when it is queued, not when it is sent: the id is then on disk
// together with the message, and a restart resends under the same one [MQTT-4.4.0-1]. Ids follow
// each other modulo 65,535, so the queue is sorted by sequence and an acknowledgement is found by a
// binary search. A new connection starts at the front again, with DUP set on what had been sent
// before.
//
//     | acknowledged or sent ... | next_ -> not sent on this connection ... |
//
// Limits: messages and bytes of BrokerOptions; the sequences of first and last differ by less than
// half of all packet ids, so that the ids alone tell the order after a restart. Threads:
// shard-local. Pure state: sends nothing.
#pragma once

#include <boost/container/deque.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/ids.h"
#include "base/qos.h"
#include "broker/detail/delivery_row.h"
#include "broker/detail/group_ref.h"
#include "broker/detail/stored_message.h"

namespace kith::broker {

/// Packet ids that one session's queue may span.
inline constexpr std::uint64_t kPacketIdSpanMax = 32'767;

struct OutboundItem {
    enum class State : std::uint8_t {
        Pending,   // PUBLISH due, or sent and not acknowledged
        Received,  // QoS 2: PUBREC seen; PUBREL waits for the commit that says so
        Released,  // QoS 2: PUBREL was sent; is again on each new connection
        Done,      // acknowledged; waits to leave in order
    };

    MessageRef message;  // dropped once it is Released
    std::uint64_t sequence = 0;
    MessageId message_id;  // kept for the store
    IdentifierList subscription_identifiers;
    GroupRef group;  // the shared group that chose this session; none if it subscribed itself
    State state = State::Pending;
    Qos qos = Qos::AtLeastOnce;
    bool retain = false;
    bool was_sent = false;       // on any connection: the next time is a duplicate
    bool awaits_commit = false;  // a durable session's message: not shown before it is on disk
    bool is_moving = false;      // on its way to another member of its group
    bool is_in_window = false;   // PUBLISH sent on this connection: counts until it is complete

    [[nodiscard]] PacketId packet_id() const {
        return PacketId(static_cast<std::uint16_t>(1 + sequence % 65'535));
    }
    /// Requires: Pending.
    [[nodiscard]] bool may_be_sent() const {
        return !is_moving && (!awaits_commit || message->is_committed());
    }
};

class OutboundQueue {
  public:
    struct Limits {
        std::size_t message_count_max;
        std::size_t bytes_max;
    };

    /// True if one more message of `bytes` fits.
    [[nodiscard]] bool has_room(const Limits& limits, std::size_t bytes) const;
    /// Appends; the item gets its sequence. Requires: has_room().
    OutboundItem& push(OutboundItem item);
    struct Stored {
        OutboundItem item;
        PacketId packet_id;
    };
    /// Fills an empty queue with what was recovered from disk, in the order and under the ids that
    /// it had. What cannot be (no id, an id twice, too far from the others) is passed to `drop`.
    void restore(std::vector<Stored> stored, const std::function<void(const Stored&)>& drop);

    /// The first item whose PUBLISH is due on this connection; null at the end.
    [[nodiscard]] OutboundItem* next();
    /// The item of next() was sent; it counts in the window until complete().
    void advance();

    /// The item of this id, or null.
    [[nodiscard]] OutboundItem* find(PacketId packet_id);
    /// The same, if it has been sent on this connection or needs no PUBLISH any more: what a client
    /// may acknowledge.
    [[nodiscard]] OutboundItem* find_sent(PacketId packet_id);
    /// Frees the message's memory; the item keeps its place for PUBREL and PUBCOMP.
    void drop_message(OutboundItem& item);
    /// The item needs nothing more: acknowledged, expired or given up. It may be gone afterwards.
    void complete(OutboundItem& item);

    /// Gives up what was never sent and has expired: calls drop(OutboundItem&), which completes it.
    template <typename Drop>
    void drop_expired(WallTime now, Drop&& drop) {
        if (now < first_expiry_) {
            return;
        }
        WallTime first = kNever;
        for (std::size_t i = items_.size(); i-- > 0;) {  // backwards: only the front ever leaves
            OutboundItem& item = items_[i];
            if (item.state != OutboundItem::State::Pending || item.was_sent ||
                !item.may_be_sent()) {
                continue;
            }
            if (item.message->is_expired(now)) {
                drop(item);
            } else if (item.message->expires_at().ms() != 0) {
                first = std::min(first, item.message->expires_at());
            }
        }
        first_expiry_ = first;
    }

    /// Calls visit(OutboundItem&), which may complete it, for each item that was never sent and
    /// does not wait for anything.
    template <typename Visit>
    void drop_unsent(Visit&& visit) {
        for (std::size_t i = items_.size(); i-- > 0;) {  // backwards: only the front ever leaves
            OutboundItem& item = items_[i];
            if (item.state == OutboundItem::State::Pending && !item.was_sent &&
                item.may_be_sent()) {
                visit(item);
            }
        }
    }

    /// A new connection: everything is to be sent again.
    void rewind();

    [[nodiscard]] std::size_t in_window_count() const { return in_window_count_; }
    [[nodiscard]] std::size_t message_count() const { return message_count_; }
    [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }
    [[nodiscard]] bool empty() const { return message_count_ == 0; }

    /// Calls visit(OutboundItem&) for each item that is not done, in order. It must not complete
    /// any.
    template <typename Visit>
    void for_each(Visit&& visit) {
        for (OutboundItem& item : items_) {
            if (item.state != OutboundItem::State::Done) {
                visit(item);
            }
        }
    }

  private:
    static constexpr WallTime kNever = WallTime::from_ms(INT64_MAX);

    [[nodiscard]] std::size_t position_of(std::uint64_t sequence) const;
    void drop_done();
    [[nodiscard]] bool append(Stored& stored);
    void note_expiry(const StoredMessage& message);

    boost::container::deque<OutboundItem> items_;
    std::size_t next_ = 0;
    std::size_t in_window_count_ = 0;
    std::size_t message_count_ = 0;
    std::size_t size_bytes_ = 0;
    std::uint64_t next_sequence_ = 0;
    WallTime first_expiry_ = kNever;  // no message here expires earlier
};

}  // namespace kith::broker

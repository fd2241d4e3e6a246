// The QoS 1 and 2 messages on their way to one session: sent and unsent, in order.
//
// Every message gets its place (sequence) when it is queued; its packet id follows from that. The
// sequence is on disk together with the message, so a restart resends under the same id
// [MQTT-4.4.0-1]. An acknowledgement is found by a binary search. A new connection starts at the
// front again, with DUP set on what had been sent before.
//
//     | acknowledged or sent ... | next_ -> not sent ... |  spill: on disk only ...  |
//     '------------------- window, in memory -----------'
//
// What a durable session has beyond its window is on disk only (detail/spill.h) and comes back in
// order as the window drains. Limits: messages and bytes of BrokerOptions, for the window and for
// all; sequences in the window differ by less than half of all packet ids. Threads: shard-local.
// Pure state: sends and reads nothing.
#pragma once

#include <boost/container/deque.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "base/ids.h"
#include "base/qos.h"
#include "broker/detail/delivery_row.h"
#include "broker/detail/group_ref.h"
#include "broker/detail/spill.h"
#include "broker/detail/stored_message.h"

namespace kith::broker {

/// Packet ids that one session's window may span.
inline constexpr std::uint64_t kPacketIdSpanMax = 32'767;

/// Ids follow each other modulo 65,535, without 0.
[[nodiscard]] constexpr PacketId packet_id_of(std::uint64_t sequence) {
    return PacketId(static_cast<std::uint16_t>(1 + sequence % 65'535));
}

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

    [[nodiscard]] PacketId packet_id() const { return packet_id_of(sequence); }
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

    /// True if one more message of `bytes` fits, in memory or on disk.
    [[nodiscard]] bool has_room(const Limits& limits, std::size_t bytes) const {
        return message_count() < limits.message_count_max &&
               size_bytes() + bytes <= limits.bytes_max;
    }
    /// True if one more message of `bytes` fits in memory.
    [[nodiscard]] bool fits_window(const Limits& limits, std::size_t bytes) const;
    /// Appends; the item gets its sequence. Requires: spans_less().
    OutboundItem& push(OutboundItem item);
    /// True if the packet id of the next message is not too far from that of the first.
    [[nodiscard]] bool spans_less() const { return spans_less(next_sequence_); }
    [[nodiscard]] bool spans_less(std::uint64_t sequence) const {
        return !has_items() || sequence < window_->items.front().sequence + kPacketIdSpanMax;
    }

    /// The disk's part; null if all is in memory.
    [[nodiscard]] Spill* spill() { return spill_.get(); }
    [[nodiscard]] const Spill* spill() const { return spill_.get(); }
    [[nodiscard]] bool is_spilling() const { return spill_ != nullptr; }
    /// Gives a place to a message that goes to disk only.
    std::uint64_t push_spilled(std::size_t bytes, WallTime expires_at);
    /// A message comes back from disk. Requires: spans_less() of its sequence.
    void load(OutboundItem item) { insert(std::move(item)); }
    /// Ends the spill once nothing is left of it.
    void drop_empty_spill();
    /// Moves what has not been sent and is on disk out of memory, from the back, until
    /// `count_kept` are left: calls evicted(OutboundItem&) before each goes.
    template <typename Evicted>
    void evict(std::size_t count_kept, Evicted&& evicted) {
        if (window_ == nullptr) {
            return;
        }
        Items& items = window_->items;
        while (items.size() > count_kept && is_evictable(items.back())) {
            OutboundItem& item = items.back();
            evicted(item);
            move_to_spill(item);
            items.pop_back();
        }
        window_->next = std::min(window_->next, items.size());
    }

    /// The place of the next message.
    [[nodiscard]] std::uint64_t next_sequence() const { return next_sequence_; }
    /// All before this place may have been sent.
    [[nodiscard]] std::uint64_t sent_behind() const;
    /// Nothing before `place` waits for the disk, or for an answer from elsewhere.
    [[nodiscard]] bool is_quiet(std::uint64_t place) const;
    /// What is in memory goes, and what is on disk before `place`, which is elsewhere now.
    void abandon(std::uint64_t place);

    /// Recovery: what waits on disk, and then what was released, in order.
    void restore(const storage::QueueRecord& record, WallTime sent_until);
    void restore_released(OutboundItem item) { insert(std::move(item)); }

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
        if (window_ == nullptr || now < window_->first_expiry) {
            return;
        }
        Items& items = window_->items;
        WallTime first = kNever;
        for (std::size_t i = items.size(); i-- > 0;) {  // backwards: only the front ever leaves
            OutboundItem& item = items[i];
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
        window_->first_expiry = first;
    }

    /// Calls visit(OutboundItem&), which may complete it, for each item that was never sent and
    /// does not wait for anything.
    template <typename Visit>
    void drop_unsent(Visit&& visit) {
        for (std::size_t i = item_count(); i-- > 0;) {  // backwards: only the front ever leaves
            OutboundItem& item = window_->items[i];
            if (item.state == OutboundItem::State::Pending && !item.was_sent &&
                item.may_be_sent()) {
                visit(item);
            }
        }
    }

    /// A new connection: everything is to be sent again.
    void rewind();

    [[nodiscard]] std::size_t in_window_count() const {
        return window_ == nullptr ? 0 : window_->in_window_count;
    }
    [[nodiscard]] std::size_t message_count() const {
        return window_count() + (spill_ == nullptr ? 0 : spill_->message_count());
    }
    [[nodiscard]] std::size_t size_bytes() const {
        return window_bytes() + (spill_ == nullptr ? 0 : spill_->size_bytes());
    }
    /// In memory.
    [[nodiscard]] std::size_t window_count() const {
        return window_ == nullptr ? 0 : window_->message_count;
    }
    [[nodiscard]] std::size_t window_bytes() const {
        return window_ == nullptr ? 0 : window_->size_bytes;
    }
    [[nodiscard]] bool empty() const { return message_count() == 0; }

    /// Calls visit(OutboundItem&) for each item in memory that is not done, in order. It must not
    /// complete any.
    template <typename Visit>
    void for_each(Visit&& visit) {
        for (std::size_t i = 0; i < item_count(); ++i) {
            if (window_->items[i].state != OutboundItem::State::Done) {
                visit(window_->items[i]);
            }
        }
    }

  private:
    static constexpr WallTime kNever = WallTime::from_ms(INT64_MAX);
    using Items = boost::container::deque<OutboundItem>;

    /// What is in memory. Made with the first message, given back by rewind(): most sessions have
    /// never had one.
    struct Window {
        Items items;
        std::size_t next = 0;
        std::size_t in_window_count = 0;
        std::size_t message_count = 0;
        std::size_t size_bytes = 0;
        WallTime first_expiry = kNever;  // no message here expires earlier
    };

    [[nodiscard]] Window& window() {
        if (window_ == nullptr) [[unlikely]] {
            window_ = std::make_unique<Window>();
        }
        return *window_;
    }
    [[nodiscard]] std::size_t item_count() const {
        return window_ == nullptr ? 0 : window_->items.size();
    }
    [[nodiscard]] bool has_items() const { return item_count() != 0; }
    [[nodiscard]] std::size_t position_of(std::uint64_t sequence) const;
    void insert(OutboundItem item);
    [[nodiscard]] static bool is_evictable(const OutboundItem& item);
    void move_to_spill(const OutboundItem& item);
    void drop_done();
    void note_expiry(const StoredMessage& message);

    std::unique_ptr<Window> window_;
    std::unique_ptr<Spill> spill_;
    std::uint64_t next_sequence_ = 0;
};

}  // namespace kith::broker

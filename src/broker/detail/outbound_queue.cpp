#include "broker/detail/outbound_queue.h"

#include <algorithm>

#include "base/check.h"

namespace kith::broker {
namespace {

constexpr std::uint64_t kPacketIds = 65'535;

}  // namespace

bool OutboundQueue::fits_window(const Limits& limits, std::size_t bytes) const {
    return message_count_ < limits.message_count_max && size_bytes_ + bytes <= limits.bytes_max &&
           spans_less();
}

OutboundItem& OutboundQueue::push(OutboundItem item) {
    CHECK(item.message != nullptr);
    item.sequence = next_sequence_++;
    item.message_id = item.message->id();
    ++message_count_;
    size_bytes_ += item.message->size_bytes();
    note_expiry(*item.message);
    items_.push_back(std::move(item));
    return items_.back();
}

std::uint64_t OutboundQueue::push_spilled(std::size_t bytes, WallTime expires_at) {
    const std::uint64_t sequence = next_sequence_++;
    if (spill_ == nullptr) {
        spill_ = std::make_unique<Spill>(sequence);
    }
    spill_->add(sequence, bytes, expires_at);
    return sequence;
}

/// Nearly always at the end. What was released before a restart has later places than what is read
/// back after it; nothing before `next_` is due, so it steps back to what has come in.
void OutboundQueue::insert(OutboundItem item) {
    ++message_count_;
    if (item.message != nullptr) {
        size_bytes_ += item.message->size_bytes();
        note_expiry(*item.message);
    }
    const std::size_t position = position_of(item.sequence);
    next_ = std::min(next_, position);
    items_.insert(items_.begin() + static_cast<std::ptrdiff_t>(position), std::move(item));
}

void OutboundQueue::drop_empty_spill() {
    if (spill_ != nullptr && spill_->is_over() && !spill_->is_reading) {
        spill_.reset();
    }
}

bool OutboundQueue::is_evictable(const OutboundItem& item) {
    return item.state == OutboundItem::State::Pending && item.awaits_commit && !item.was_sent &&
           !item.is_in_window && !item.is_moving && item.message->is_committed() &&
           item.group.is_none();
}

void OutboundQueue::move_to_spill(const OutboundItem& item) {
    const std::size_t bytes = item.message->size_bytes();
    if (spill_ == nullptr) {
        spill_ = std::make_unique<Spill>(next_sequence_);
    }
    spill_->add_front(item.sequence, bytes, item.message->expires_at());
    size_bytes_ -= bytes;
    --message_count_;
}

void OutboundQueue::restore(const storage::QueueRecord& record, WallTime sent_until) {
    CHECK(items_.empty() && spill_ == nullptr);
    next_sequence_ = record.last_sequence + 1;
    if (record.message_count > 0) {
        spill_ = std::make_unique<Spill>(record.first_sequence);
        spill_->restore(record, sent_until);
    }
}

void OutboundQueue::note_expiry(const StoredMessage& message) {
    if (message.expires_at().ms() != 0) {
        first_expiry_ = std::min(first_expiry_, message.expires_at());
    }
}

OutboundItem* OutboundQueue::next() {
    while (next_ < items_.size() &&
           (items_[next_].state != OutboundItem::State::Pending || items_[next_].is_in_window)) {
        ++next_;
    }
    return next_ < items_.size() ? &items_[next_] : nullptr;
}

void OutboundQueue::advance() {
    CHECK(next_ < items_.size());
    items_[next_].was_sent = true;
    items_[next_].is_in_window = true;
    ++in_window_count_;
    ++next_;
}

OutboundItem* OutboundQueue::find(PacketId packet_id) {
    if (items_.empty() || packet_id.value() == 0) {
        return nullptr;
    }
    const std::uint64_t first = items_.front().sequence;
    const std::uint64_t wanted = packet_id.value() - 1U;
    const std::uint64_t sequence = first + (wanted + kPacketIds - first % kPacketIds) % kPacketIds;
    const std::size_t position = position_of(sequence);
    if (position == items_.size() || items_[position].sequence != sequence ||
        items_[position].state == OutboundItem::State::Done) {
        return nullptr;
    }
    return &items_[position];
}

OutboundItem* OutboundQueue::find_sent(PacketId packet_id) {
    OutboundItem* item = find(packet_id);
    const bool is_sent =
        item != nullptr && (item->state != OutboundItem::State::Pending || item->is_in_window);
    return is_sent ? item : nullptr;
}

/// Of the first item with this sequence or a later one.
std::size_t OutboundQueue::position_of(std::uint64_t sequence) const {
    const auto found = std::lower_bound(
        items_.begin(), items_.end(), sequence,
        [](const OutboundItem& item, std::uint64_t value) { return item.sequence < value; });
    return static_cast<std::size_t>(found - items_.begin());
}

void OutboundQueue::drop_message(OutboundItem& item) {
    if (item.message != nullptr) {
        size_bytes_ -= item.message->size_bytes();
        item.message.reset();
    }
}

void OutboundQueue::complete(OutboundItem& item) {
    CHECK(item.state != OutboundItem::State::Done);
    if (item.is_in_window) {
        CHECK(in_window_count_ > 0);
        --in_window_count_;
    }
    drop_message(item);
    item.state = OutboundItem::State::Done;
    --message_count_;
    drop_done();
}

void OutboundQueue::rewind() {
    for (OutboundItem& item : items_) {
        item.is_in_window = false;
    }
    next_ = 0;
    in_window_count_ = 0;
    if (items_.empty()) {
        items_.shrink_to_fit();  // an idle session holds no blocks
    }
}

void OutboundQueue::drop_done() {
    while (!items_.empty() && items_.front().state == OutboundItem::State::Done) {
        items_.pop_front();
        next_ -= next_ > 0 ? 1 : 0;
    }
}

}  // namespace kith::broker

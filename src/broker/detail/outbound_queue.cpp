#include "broker/detail/outbound_queue.h"

#include <algorithm>

#include "base/check.h"

namespace kith::broker {
namespace {

constexpr std::uint64_t kPacketIds = 65'535;

}  // namespace

bool OutboundQueue::has_room(const Limits& limits, std::size_t bytes) const {
    if (message_count_ >= limits.message_count_max || size_bytes_ + bytes > limits.bytes_max) {
        return false;
    }
    // The id of the oldest item must not come up again while it is in use.
    return items_.empty() || next_sequence_ - items_.front().sequence < kPacketIds;
}

OutboundItem& OutboundQueue::push(OutboundItem item) {
    CHECK(item.message != nullptr);
    item.sequence = next_sequence_++;
    item.message_id = item.message->id();
    ++message_count_;
    size_bytes_ += item.message->size_bytes();
    items_.push_back(std::move(item));
    return items_.back();
}

void OutboundQueue::restore(OutboundItem item, PacketId packet_id) {
    CHECK(packet_id.value() > 0);
    // The next sequence that has this id.
    const std::uint64_t wanted = packet_id.value() - 1U;
    const std::uint64_t current = next_sequence_ % kPacketIds;
    item.sequence = next_sequence_ + (wanted + kPacketIds - current) % kPacketIds;
    next_sequence_ = item.sequence + 1;
    ++message_count_;
    size_bytes_ += item.message == nullptr ? 0 : item.message->size_bytes();
    items_.push_back(std::move(item));
}

OutboundItem* OutboundQueue::next() {
    while (next_ < items_.size() && items_[next_].state == OutboundItem::State::Done) {
        ++next_;
    }
    return next_ < items_.size() ? &items_[next_] : nullptr;
}

void OutboundQueue::advance() {
    CHECK(next_ < items_.size());
    items_[next_].was_sent = true;
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
    return item != nullptr && position_of(item->sequence) < next_ ? item : nullptr;
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
    if (position_of(item.sequence) < next_) {
        CHECK(in_window_count_ > 0);
        --in_window_count_;
    }
    drop_message(item);
    item.state = OutboundItem::State::Done;
    --message_count_;
    drop_done();
}

void OutboundQueue::rewind() {
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

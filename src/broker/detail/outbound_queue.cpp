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
    return items_.empty() || next_sequence_ - items_.front().sequence < kPacketIdSpanMax;
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

/// The ids in use lie within less than half of the circle of all ids. So the widest gap between
/// neighbours is the part that is not in use, and the queue begins behind it.
void OutboundQueue::restore(std::vector<Stored> stored,
                            const std::function<void(const Stored&)>& drop) {
    CHECK(items_.empty());
    std::ranges::stable_sort(stored, std::ranges::less{}, &Stored::packet_id);
    std::size_t first = 0;
    std::uint64_t widest = 0;
    for (std::size_t i = 0; i < stored.size(); ++i) {
        const std::uint64_t previous =
            i > 0 ? stored[i - 1].packet_id.value() : stored.back().packet_id.value();
        const std::uint64_t here = stored[i].packet_id.value() + (i > 0 ? 0 : kPacketIds);
        if (here - previous > widest) {
            widest = here - previous;
            first = i;
        }
    }
    std::rotate(stored.begin(), stored.begin() + static_cast<std::ptrdiff_t>(first), stored.end());
    for (Stored& each : stored) {
        if (!append(each)) {
            drop(each);
        }
    }
}

bool OutboundQueue::append(Stored& stored) {
    if (stored.packet_id.value() == 0) {
        return false;
    }
    // The next sequence that has this id.
    const std::uint64_t wanted = stored.packet_id.value() - 1U;
    if (items_.empty()) {
        next_sequence_ = wanted;
    }
    const std::uint64_t current = next_sequence_ % kPacketIds;
    const std::uint64_t sequence = next_sequence_ + (wanted + kPacketIds - current) % kPacketIds;
    if (!items_.empty() && sequence - items_.front().sequence >= kPacketIdSpanMax) {
        return false;
    }
    OutboundItem& item = stored.item;
    item.sequence = sequence;
    next_sequence_ = sequence + 1;
    ++message_count_;
    if (item.message != nullptr) {
        size_bytes_ += item.message->size_bytes();
        note_expiry(*item.message);
    }
    items_.push_back(std::move(item));
    return true;
}

void OutboundQueue::note_expiry(const StoredMessage& message) {
    if (message.expires_at().ms() != 0) {
        first_expiry_ = std::min(first_expiry_, message.expires_at());
    }
}

OutboundItem* OutboundQueue::next() {
    while (next_ < items_.size() && items_[next_].state != OutboundItem::State::Pending) {
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
    const bool is_sent = item != nullptr && (item->state != OutboundItem::State::Pending ||
                                             position_of(item->sequence) < next_);
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
    for (std::size_t i = 0; i < next_; ++i) {
        items_[i].is_in_window = false;
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

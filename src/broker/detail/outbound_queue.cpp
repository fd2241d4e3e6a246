#include "broker/detail/outbound_queue.h"

#include <algorithm>

#include "base/check.h"

namespace kith::broker {
namespace {

constexpr std::uint64_t kPacketIds = 65'535;

}  // namespace

bool OutboundQueue::fits_window(const Limits& limits, std::size_t bytes) const {
    return window_count() < limits.message_count_max &&
           window_bytes() + bytes <= limits.bytes_max && spans_less();
}

OutboundItem& OutboundQueue::push(OutboundItem item) {
    CHECK(item.message != nullptr);
    item.sequence = next_sequence_++;
    item.message_id = item.message->id();
    Window& window = this->window();
    ++window.message_count;
    window.size_bytes += item.message->size_bytes();
    note_expiry(*item.message);
    window.items.push_back(std::move(item));
    return window.items.back();
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
/// back after it; nothing before `next` is due, so it steps back to what has come in.
void OutboundQueue::insert(OutboundItem item) {
    Window& window = this->window();
    ++window.message_count;
    if (item.message != nullptr) {
        window.size_bytes += item.message->size_bytes();
        note_expiry(*item.message);
    }
    const std::size_t position = position_of(item.sequence);
    window.next = std::min(window.next, position);
    window.items.insert(window.items.begin() + static_cast<std::ptrdiff_t>(position),
                        std::move(item));
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
    window_->size_bytes -= bytes;
    --window_->message_count;
}

void OutboundQueue::restore(const storage::QueueRecord& record, WallTime sent_until) {
    CHECK(!has_items() && spill_ == nullptr);
    next_sequence_ = record.last_sequence + 1;
    if (record.message_count > 0) {
        spill_ = std::make_unique<Spill>(record.first_sequence);
        spill_->restore(record, sent_until);
    }
}

std::uint64_t OutboundQueue::sent_behind() const {
    std::uint64_t behind = spill_ == nullptr ? 0 : spill_->recovered_behind();
    for (std::size_t i = 0; i < item_count(); ++i) {
        if (window_->items[i].was_sent) {
            behind = std::max(behind, window_->items[i].sequence + 1);
        }
    }
    return behind;
}

bool OutboundQueue::is_quiet(std::uint64_t place) const {
    for (std::size_t i = 0; i < item_count(); ++i) {
        const OutboundItem& item = window_->items[i];
        const bool awaits_disk = item.state == OutboundItem::State::Pending && item.awaits_commit &&
                                 !item.message->is_committed();
        if (item.sequence < place &&
            (awaits_disk || item.is_moving || item.state == OutboundItem::State::Received)) {
            return false;
        }
    }
    return spill_ == nullptr || (spill_->is_stored_to(place) && !spill_->is_reading);
}

void OutboundQueue::abandon(std::uint64_t place) {
    window_.reset();
    if (spill_ == nullptr) {
        spill_ = std::make_unique<Spill>(next_sequence_);
    }
    spill_->abandon(place);
}

void OutboundQueue::note_expiry(const StoredMessage& message) {
    if (message.expires_at().ms() != 0) {
        window_->first_expiry = std::min(window_->first_expiry, message.expires_at());
    }
}

OutboundItem* OutboundQueue::next() {
    if (window_ == nullptr) {
        return nullptr;
    }
    Items& items = window_->items;
    std::size_t& next = window_->next;
    while (next < items.size() &&
           (items[next].state != OutboundItem::State::Pending || items[next].is_in_window)) {
        ++next;
    }
    return next < items.size() ? &items[next] : nullptr;
}

void OutboundQueue::advance() {
    CHECK(window_ != nullptr);
    CHECK(window_->next < window_->items.size());
    OutboundItem& item = window_->items[window_->next++];
    item.was_sent = true;
    item.is_in_window = true;
    ++window_->in_window_count;
}

OutboundItem* OutboundQueue::find(PacketId packet_id) {
    if (!has_items() || packet_id.value() == 0) {
        return nullptr;
    }
    Items& items = window_->items;
    const std::uint64_t first = items.front().sequence;
    const std::uint64_t wanted = packet_id.value() - 1U;
    const std::uint64_t sequence = first + (wanted + kPacketIds - first % kPacketIds) % kPacketIds;
    const std::size_t position = position_of(sequence);
    if (position == items.size() || items[position].sequence != sequence ||
        items[position].state == OutboundItem::State::Done) {
        return nullptr;
    }
    return &items[position];
}

OutboundItem* OutboundQueue::find_sent(PacketId packet_id) {
    OutboundItem* item = find(packet_id);
    const bool is_sent =
        item != nullptr && (item->state != OutboundItem::State::Pending || item->is_in_window);
    return is_sent ? item : nullptr;
}

/// Of the first item with this sequence or a later one. Requires: a window.
std::size_t OutboundQueue::position_of(std::uint64_t sequence) const {
    const Items& items = window_->items;
    const auto found = std::lower_bound(
        items.begin(), items.end(), sequence,
        [](const OutboundItem& item, std::uint64_t value) { return item.sequence < value; });
    return static_cast<std::size_t>(found - items.begin());
}

void OutboundQueue::drop_message(OutboundItem& item) {
    if (item.message != nullptr) {
        window_->size_bytes -= item.message->size_bytes();
        item.message.reset();
    }
}

void OutboundQueue::complete(OutboundItem& item) {
    CHECK(item.state != OutboundItem::State::Done);
    if (item.is_in_window) {
        CHECK(window_->in_window_count > 0);
        --window_->in_window_count;
    }
    drop_message(item);
    item.state = OutboundItem::State::Done;
    --window_->message_count;
    drop_done();
}

void OutboundQueue::rewind() {
    if (!has_items()) {
        window_.reset();  // an idle session holds no blocks
        return;
    }
    for (OutboundItem& item : window_->items) {
        item.is_in_window = false;
    }
    window_->next = 0;
    window_->in_window_count = 0;
}

void OutboundQueue::drop_done() {
    Items& items = window_->items;
    while (!items.empty() && items.front().state == OutboundItem::State::Done) {
        items.pop_front();
        window_->next -= window_->next > 0 ? 1U : 0U;
    }
}

}  // namespace kith::broker

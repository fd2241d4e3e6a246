#include "storage/sqlite/detail/fresh_messages.h"

#include "base/check.h"
#include "base/narrow.h"
#include "storage/sqlite/detail/limits.h"

namespace kith::storage::detail {
namespace {

bool is_live(DeliveryState state) {
    return state != DeliveryState::Released;
}

}  // namespace

void FreshMessages::clear() {
    if (messages_.capacity() > kFreshKeptMax || deliveries_.capacity() > kFreshKeptMax) {
        *this = FreshMessages();
        return;
    }
    messages_.clear();
    deliveries_.clear();
    messages_at_.clear();
    deliveries_at_.clear();
    last_of_session_.clear();
    batch_index_ = 0;
}

void FreshMessages::put_message(const MessageRecord& message) {
    messages_at_[message.id] = narrow<std::uint32_t>(messages_.size());
    messages_.push_back(FreshMessage{.record = message, .batch_index = batch_index_});
}

void FreshMessages::put_delivery(const DeliveryRecord& delivery) {
    FreshMessage& owner = message(delivery.message);
    const bool live = is_live(delivery.state);
    if (live && !exists(owner)) {
        return;
    }
    bool was_live = false;
    if (FreshDelivery* old = find_delivery(delivery.key())) {
        was_live = !old->deleted && is_live(old->record.state);
        old->record = delivery;
        old->deleted = false;
    } else {
        add_delivery(delivery);
    }
    if (live && !was_live) {
        ++owner.live_count;
        owner.had_delivery = true;
    } else if (!live && was_live) {
        --owner.live_count;
    }
}

void FreshMessages::set_delivery(const DeliveryKey& key, DeliveryState state) {
    FreshDelivery* found = find_delivery(key);
    if (found == nullptr || found->deleted) {
        return;
    }
    const bool was_live = is_live(found->record.state);
    if (!was_live && is_live(state)) {
        return;
    }
    found->record.state = state;
    if (was_live && !is_live(state)) {
        --message(key.message).live_count;
    }
}

void FreshMessages::delete_delivery(const DeliveryKey& key) {
    FreshDelivery* found = find_delivery(key);
    if (found != nullptr && !found->deleted) {
        remove(*found);
    }
}

void FreshMessages::delete_session(SessionId session) {
    const auto last = last_of_session_.find(session);
    if (last == last_of_session_.end()) {
        return;
    }
    for (std::uint32_t at = last->second; at != 0; at = deliveries_[at - 1].next_of_session) {
        if (!deliveries_[at - 1].deleted) {
            remove(deliveries_[at - 1]);
        }
    }
}

void FreshMessages::add_delivery(const DeliveryRecord& delivery) {
    std::uint32_t& last_of_session = last_of_session_[delivery.session];
    deliveries_at_[{delivery.session, delivery.sequence}] =
        narrow<std::uint32_t>(deliveries_.size());
    deliveries_.push_back(FreshDelivery{.record = delivery, .next_of_session = last_of_session});
    last_of_session = narrow<std::uint32_t>(deliveries_.size());
}

void FreshMessages::remove(FreshDelivery& delivery) {
    delivery.deleted = true;
    if (is_live(delivery.record.state)) {
        --message(delivery.record.message).live_count;
    }
}

FreshMessage& FreshMessages::message(MessageId id) {
    const auto found = messages_at_.find(id);
    CHECK(found != messages_at_.end());
    return messages_[found->second];
}

FreshDelivery* FreshMessages::find_delivery(const DeliveryKey& key) {
    const auto found = deliveries_at_.find({key.session, key.sequence});
    return found == deliveries_at_.end() ? nullptr : &deliveries_[found->second];
}

bool FreshMessages::exists(const FreshMessage& message) const {
    return message.live_count > 0 || (!message.had_delivery && message.batch_index == batch_index_);
}

}  // namespace kith::storage::detail

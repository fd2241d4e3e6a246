#include "mesh/detail/held_message.h"

#include <algorithm>
#include <utility>

namespace kith::mesh {

HeldMessage::HeldMessage(const Data& data, Instant now)
    : data_(data), payload_(SharedBytes::copy_of(data.payload)), held_since_(now) {
    text_.reserve(data.topic.size() + data.properties.size());
    const Bytes topic = as_bytes(data.topic);
    text_.assign(topic.begin(), topic.end());
    text_.insert(text_.end(), data.properties.begin(), data.properties.end());
    data_.topic = as_text(Bytes(text_).first(topic.size()));
    data_.properties = Bytes(text_).subspan(topic.size());
    data_.payload = payload_.bytes();
    data_.destinations.clear();
}

bool HeldMessage::has_expired(Instant now) const {
    return data_.expires_after_ms != 0 &&
           to_ms(now - held_since_) >= std::int64_t{data_.expires_after_ms};
}

void HeldMessage::make_void() {
    data_.kind = DataKind::Void;
    data_.topic = {};
    data_.properties = {};
    data_.payload = {};
    data_.expires_after_ms = 0;
    text_ = {};
    payload_ = {};
}

Data HeldMessage::outgoing(Destinations destinations, Instant now) const {
    Data data = data_;
    data.destinations = std::move(destinations);
    if (data.expires_after_ms != 0) {
        const std::int64_t held_ms = to_ms(now - held_since_);
        data.expires_after_ms = static_cast<std::uint32_t>(
            std::max<std::int64_t>(1, std::int64_t{data.expires_after_ms} - held_ms));
    }
    return data;
}

Leg* HeldMessage::leg(NodeId destination) {
    const auto found =
        std::ranges::find(legs, destination, [](const Leg& leg) { return leg.to.node; });
    return found == legs.end() ? nullptr : &*found;
}

void HeldMessage::erase_leg(NodeId destination) {
    const auto found =
        std::ranges::find(legs, destination, [](const Leg& leg) { return leg.to.node; });
    legs.erase(found);
}

}  // namespace kith::mesh

#include "mesh/detail/held_message.h"

#include <algorithm>
#include <utility>

namespace kith::mesh {

HeldMessage::HeldMessage(const Data& data, Instant now) : data_(data), held_since_(now) {
    hold_content(data);
    data_.destinations.clear();
}

void HeldMessage::hold_content(const Data& content) {
    text_.reserve(content.topic.size() + content.properties.size());
    const Bytes topic = as_bytes(content.topic);
    text_.assign(topic.begin(), topic.end());
    text_.insert(text_.end(), content.properties.begin(), content.properties.end());
    payload_ = SharedBytes::copy_of(content.payload);
    data_.topic = as_text(Bytes(text_).first(topic.size()));
    data_.properties = Bytes(text_).subspan(topic.size());
    data_.payload = payload_.bytes();
}

void HeldMessage::put_away() {
    away_bytes_ = bytes();
    is_away_ = true;
    data_.topic = {};
    data_.properties = {};
    data_.payload = {};
    text_ = {};
    payload_ = {};
}

void HeldMessage::bring_back(const Data& content) {
    away_bytes_ = 0;
    is_away_ = false;
    hold_content(content);
}

bool HeldMessage::has_expired(Instant now) const {
    return data_.expires_after_ms != 0 &&
           to_ms(now - held_since_) >= std::int64_t{data_.expires_after_ms};
}

Instant HeldMessage::lapses_at(Duration age_max) const {
    const Duration life = std::chrono::milliseconds(data_.expires_after_ms);
    return held_since_ + (data_.expires_after_ms == 0 ? age_max : std::min(life, age_max));
}

void HeldMessage::make_void() {
    data_.kind = DataKind::Void;
    data_.topic = {};
    data_.properties = {};
    data_.payload = {};
    data_.expires_after_ms = 0;
    away_bytes_ = 0;
    is_away_ = false;
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

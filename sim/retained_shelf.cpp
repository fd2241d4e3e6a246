#include "sim/retained_shelf.h"

namespace kith::sim {

void RetainedShelf::set(std::string_view topic, Bytes payload) {
    topics_.emplace(mesh::state_hash(kRetainedTenant, topic), topic);
    if (payload.empty()) {
        messages_.erase(std::string(topic));
    } else {
        messages_[std::string(topic)].assign(payload.begin(), payload.end());
    }
}

void RetainedShelf::restore(Participant& participant, Instant now) const {
    for (const auto& [key, stamped] : stamps_) {
        participant.restore_state(stamped.state, stamped.told, now);
    }
}

bool RetainedShelf::on_state(const mesh::State& state) {
    if (!state.is_gone) {
        set(state.name, state.value);
    } else if (const auto topic = topics_.find(state.key.hash); topic != topics_.end()) {
        messages_.erase(topic->second);
    }
    return false;
}

bool RetainedShelf::read_state(mesh::State& state, Instant) {
    const auto topic = topics_.find(state.key.hash);
    const auto message = topic == topics_.end() ? messages_.end() : messages_.find(topic->second);
    if (message == messages_.end()) {
        return false;
    }
    state.tenant = kRetainedTenant;
    state.name = message->first;
    state.value = message->second;
    return true;
}

bool RetainedShelf::keep_state(const mesh::State& state, std::uint8_t told) {
    Stamped& stamped = stamps_[state.key];
    stamped = {.state = state, .told = told};
    stamped.state.name = {};
    stamped.state.value = {};
    return true;
}

}  // namespace kith::sim

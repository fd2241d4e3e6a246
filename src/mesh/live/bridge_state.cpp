// Retained messages between the core, which orders them in the whole mesh, and the broker, which
// has them.
#include "base/log.h"
#include "mesh/live/bridge.h"
#include "mesh/live/bridge_records.h"
#include "mesh/live/mesh_host.h"

namespace kith::mesh {
namespace {

/// A clock that is wrong is not worth a line for each message.
constexpr Duration kClockLogInterval = 1min;

}  // namespace

bool Bridge::on_state(const State& state) {
    if (state.key.kind != StateKind::Retained) {
        if (state_listener_) {
            state_listener_(state);
        }
        return false;
    }
    deleted_.erase(state.key);
    if (state.is_gone) {
        std::string topic = broker_.delete_retained(state.key.hash);
        const bool is_wanted = !topic.empty() && broker_.has_subscribers(topic);
        if (is_wanted) {
            deleted_.emplace(state.key, std::move(topic));
        }
        return is_wanted;
    }
    broker_.put_retained({.tenant = TenantId(state.tenant),
                          .topic = bus::TopicName::trusted(state.name),
                          .payload = state.value,
                          .properties = state.properties,
                          .qos = static_cast<Qos>(state.qos),
                          .retain = true,
                          .published_at = WallTime::from_ms(state.published_at_ms)},
                         state.expires_after_ms);
    return broker_.has_subscribers(state.name);
}

bool Bridge::read_state(State& state, Instant) {
    const auto found = broker_.find_retained(state.key.hash);
    if (!found) {
        return false;
    }
    const bus::Message& message = found->message;
    state.tenant = message.tenant.value();
    state.name = message.topic.text();
    state.qos = static_cast<std::uint8_t>(message.qos);
    state.published_at_ms = message.published_at.ms();
    state.expires_after_ms = found->expires_after_ms;
    state.properties = message.properties;
    state.value = message.payload;
    return true;
}

void Bridge::announce_state(const StateKey& key) {
    if (const auto deleted = deleted_.extract(key)) {
        broker_.announce_retained({.topic = bus::TopicName::trusted(deleted.mapped()),
                                   .qos = Qos::AtLeastOnce,
                                   .retain = true,
                                   .published_at = shard_.wall_now()});
    } else if (const auto kept = broker_.find_retained(key.hash)) {
        // Publishing may end in the store that it is borrowed from; a copy may not.
        const std::string topic(kept->message.topic.text());
        const std::vector<std::uint8_t> payload(kept->message.payload.begin(),
                                                kept->message.payload.end());
        const std::vector<std::uint8_t> properties(kept->message.properties.begin(),
                                                   kept->message.properties.end());
        bus::Message message = kept->message;
        message.topic = bus::TopicName::trusted(topic);
        message.payload = payload;
        message.properties = properties;
        broker_.announce_retained(message);
    }
}

/// Writes of others have been stored where they were made.
bool Bridge::keep_state(const State& state, std::uint8_t told) {
    if (state.key.kind != StateKind::Retained) {
        return true;  // who has it writes it anew when it starts
    }
    if (told == 0) {
        deleted_.erase(state.key);
    }
    const std::vector<std::uint8_t> key = encode_state_key(state.key);
    const std::vector<std::uint8_t> value = encode_state(state, told);
    const bool is_stored = state.stamp.writer != host_->id();
    if (is_stored) {
        broker_.put_mark({.key = key, .value = value});
    } else {
        broker_.put_mark({.key = key, .value = value}, [this, of = state.key, stamp = state.stamp] {
            stored_states_.emplace_back(of, stamp);
            shard_.defer(*this);
        });
    }
    return is_stored;
}

void Bridge::forget_state(const StateKey& key) {
    deleted_.erase(key);
    broker_.forget_mark(encode_state_key(key));
}

void Bridge::on_stamp_ahead(const Stamp& stamp) {
    if (shard_.now() < clock_told_at_) {
        return;
    }
    clock_told_at_ = shard_.now() + kClockLogInterval;
    LOG(shard_.log(), Warn, "a retained message is from the future: a clock is wrong",
        {"node", stamp.writer.value()}, {"ms", stamp.time >> 16U});
}

void Bridge::adopt_retained(const bus::Message& message, std::uint32_t expires_after_ms) {
    if (is_inbox(message.topic.text())) {
        return;
    }
    host_->call([&](MeshNode& core, Instant now) {
        core.adopt_retained({.tenant = message.tenant.value(), .text = message.topic.text()},
                            message.published_at, expires_after_ms, now);
    });
}

}  // namespace kith::mesh

// Where the messages of one topic go, as far as this shard knows.
//
// Computed from the index when a topic is first used or subscriptions have changed, and kept with
// the topic: routing a message is then a walk over arrays. Pointers are valid while the generation
// is.
#pragma once

#include <cstdint>
#include <vector>

#include "base/qos.h"

namespace kith::bus {
class Subscriber;
}

namespace kith::broker {

class Session;
class ShareGroup;

/// One session that gets one copy, whatever number of its subscriptions match [MQTT-3.3.4-2].
struct Target {
    Session* session = nullptr;
    std::uint32_t identifiers_begin = 0;  // in Route::identifiers
    std::uint32_t identifier_count = 0;
    std::uint32_t own_identifier_count =
        0;                                  // the first ones: for what the session itself published
    Qos maximum_qos = Qos::AtMostOnce;      // over all matching subscriptions
    Qos own_maximum_qos = Qos::AtMostOnce;  // over those without No Local
    bool receives_own = false;              // one without No Local matches
    bool retain_as_published = false;
};

struct Route {
    std::uint64_t generation = 0;  // of the index when this was computed; 0 is never
    std::vector<Target> targets;
    std::vector<std::uint32_t> identifiers;
    std::vector<ShareGroup*> groups;     // shared groups that this shard owns
    std::vector<bus::Subscriber*> taps;  // parts of this node
    bool is_far = false;                 // other nodes want it; on the first shard
    std::uint64_t shards = 0;            // bit per other shard that has receivers
    std::uint64_t durable_shards = 0;    // ... durable ones among them
    bool durable_local = false;  // a durable session or group, or the mesh, wants QoS 1 or 2

    [[nodiscard]] bool empty() const {
        return targets.empty() && groups.empty() && taps.empty() && shards == 0 && !is_far;
    }
    /// True if a message of QoS 1 or 2 must be on disk before it is acknowledged.
    [[nodiscard]] bool is_durable() const { return durable_local || durable_shards != 0; }
    void clear() {
        targets.clear();
        identifiers.clear();
        groups.clear();
        taps.clear();
        is_far = false;
        shards = 0;
        durable_shards = 0;
        durable_local = false;
    }
};

}  // namespace kith::broker

// A message on its way through this node.
#pragma once

#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/qos.h"
#include "base/time.h"
#include "bus/topic.h"

namespace kith::bus {

/// Names a message of QoS 1 or 2 in the whole mesh, for who may get it in two ways. 0: no name.
struct MessageSource {
    std::uint64_t node = 0;    // that it was published on; 0: this one
    std::uint64_t number = 0;  // there
};

/// For whom a message is. One that another node sent says it, so that each share group of the mesh
/// gets it once.
struct Audience {
    bool is_from_mesh = false;  // of another node: it goes to none again
    bool for_all = true;        // subscriptions that are not shared
    MessageSource source;
    /// As a retained message it is the last of its topic in the whole mesh, so far.
    bool keeps_retained = true;
    /// And a member of each of these share groups: MeshPort::group_id(), 8 bytes each as this
    /// machine has them. Of messages of this node: all groups.
    Bytes groups;

    [[nodiscard]] bool has_group(std::uint64_t id) const {
        for (std::size_t at = 0; at + sizeof id <= groups.size(); at += sizeof id) {
            std::uint64_t each = 0;
            std::memcpy(&each, groups.data() + at, sizeof each);
            if (each == id) {
                return true;
            }
        }
        return !is_from_mesh;
    }
};

/// All views are borrowed for the call that passes the message on.
struct Message {
    TenantId tenant = kDefaultTenant;
    TopicName topic;
    Bytes payload;
    /// MQTT 5 properties that travel unaltered, encoded as in a PUBLISH (section 2.2.2): payload
    /// format indicator, content type, response topic, correlation data, user properties.
    Bytes properties;
    Qos qos = Qos::AtMostOnce;
    bool retain = false;
    std::uint16_t trace = 0;  // who follows it (broker/trace.h); 0: nobody
    SessionId publisher;      // 0: a part of this node
    WallTime published_at;
    WallTime expires_at;  // by the node's clock of messages, not the wall's; 0: never
    Audience audience = {};
};

}  // namespace kith::bus

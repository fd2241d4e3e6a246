// A message on its way through this node.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/qos.h"
#include "base/time.h"
#include "bus/topic.h"

namespace kith::bus {

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
};

}  // namespace kith::bus

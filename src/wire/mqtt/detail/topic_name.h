// The check of topic names: on the path of every PUBLISH, so it reads eight bytes at a time.
#pragma once

#include "base/bytes.h"

namespace kith::mqtt::detail {

/// True if `topic` is an MQTT UTF-8 string without the wildcards + and # [MQTT-3.3.2-1],
/// [MQTT-3.3.2-2]. An empty one passes: whether that is right depends on the packet.
[[nodiscard]] bool is_topic_name(Bytes topic);

/// True if `topic` holds + or #.
[[nodiscard]] bool has_wildcard(Bytes topic);

}  // namespace kith::mqtt::detail

// How urgent a publisher says that its message is: the user property `priority` (MQTT 5), by which
// it overtakes others on the way to other nodes.
//
// `alarm`, `command`, `event`, `default`, `low` or `bulk`; another word, or none, says nothing.
// Pure function.
#pragma once

#include "base/bytes.h"
#include "wire/mesh/types.h"

namespace kith::node {

/// Of the properties of a message, as they are encoded. The first that says it counts.
[[nodiscard]] mesh::Priority publish_priority(Bytes properties);

}  // namespace kith::node

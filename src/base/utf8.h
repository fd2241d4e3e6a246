// UTF-8 validity as RFC 3629 and MQTT want it.
#pragma once

#include "base/bytes.h"

namespace kith {

/// True if `bytes` is well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(Bytes bytes);

/// True if `bytes` is an MQTT UTF-8 string: well-formed and without U+0000 [MQTT-1.5.4-1],
/// [MQTT-1.5.4-2]. Control characters and non-characters are allowed, as the standard lets them be.
[[nodiscard]] bool is_mqtt_utf8(Bytes bytes);

}  // namespace kith

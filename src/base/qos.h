// The three qualities of service that MQTT names, used by everything that carries messages.
#pragma once

#include <cstdint>

namespace kith {

enum class Qos : std::uint8_t { AtMostOnce = 0, AtLeastOnce = 1, ExactlyOnce = 2 };

}  // namespace kith

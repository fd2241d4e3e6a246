// The table of configuration keys.
#pragma once

#include "node/config.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kith::node {

enum class KeyType : std::uint8_t { Text, Integer, Boolean, TextList, Other };

/// A value as the file or the command line gives it. Integers may be written as text, with a unit
/// for durations ("10s", "50ms") and sizes ("1MiB", "64KiB").
struct ConfigValue {
    KeyType type = KeyType::Text;
    std::string text;
    std::int64_t integer = 0;
    bool boolean = false;
    std::vector<std::string> list;
};

struct ConfigKey {
    std::string_view name;       // "mqtt.packet_bytes_max"
    std::string_view expected;   // "1024 to 268435455"
    std::string_view summary;    // one sentence
    bool is_reloadable = false;  // SIGHUP applies it
    /// Sets it; false if the value is not what is expected.
    std::function<bool(NodeConfig&, const ConfigValue&)> set;
    /// Its value as TOML.
    std::function<std::string(const NodeConfig&)> show;
};

/// In the order of the reference.
[[nodiscard]] std::span<const ConfigKey> config_keys();

}  // namespace kith::node

// What a run of the load generator is asked to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "bench/placement.h"
#include "runtime/address.h"
#include "wire/mqtt/types.h"

namespace kith::bench {

struct Options {
    std::string scenario;
    runtime::SocketAddress target;
    std::string target_text;  // as the user wrote it
    mqtt::Version version = mqtt::Version::V311;
    std::string token;  // empty: no credentials

    Duration measured = 10s;
    Duration warm_up = 2s;
    std::size_t payload_bytes = 64;

    // What a scenario has a default of its own for (scenarios.h).
    std::optional<std::size_t> window;       // messages under way; 0 is open loop
    std::optional<std::size_t> connections;  // of the side that has many
    std::optional<std::size_t> count;        // subscriptions, retained messages

    bool durable = false;  // qos1, qos1-pairs, qos2: subscribers with durable sessions

    Placement placement = Placement::Mixed;  // scenarios with pairs
    std::uint16_t workers = 2;               // of the target, for the placement

    Qos qos = Qos::AtMostOnce;         // latency
    double rate_per_s = 2000;          // latency
    double background_rate_per_s = 0;  // latency: QoS 0 messages beside it
    std::size_t connects_under_way = 100;
};

}  // namespace kith::bench

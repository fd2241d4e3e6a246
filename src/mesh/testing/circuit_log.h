// What came of the circuits of one node, for tests.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "mesh/ports.h"

namespace kith::mesh::testing {

struct CircuitLog final : CircuitPort {
    struct Circuit {
        bool is_open = false;
        std::string received;
        std::size_t taken = 0;
        unsigned rooms = 0;
        std::optional<CircuitEnd> end;
    };

    std::map<CircuitId, Circuit> circuits;
    bool refuses = false;
    /// What came is not taken, so that no more may come.
    bool is_stuck = false;
    /// Told in a turn of its own.
    std::function<void(const CircuitId&)> on_news = [](const CircuitId&) {};

    bool on_circuit(const CircuitId& id) override {
        if (refuses) {
            return false;
        }
        circuits[id].is_open = true;
        return true;
    }
    void on_circuit_open(const CircuitId& id) override {
        circuits[id].is_open = true;
        on_news(id);
    }
    void on_circuit_bytes(const CircuitId& id, Bytes bytes) override {
        circuits[id].received += as_text(bytes);
        on_news(id);
    }
    void on_circuit_room(const CircuitId& id) override {
        ++circuits[id].rooms;
        on_news(id);
    }
    void on_circuit_end(const CircuitId& id, CircuitEnd end) override { circuits[id].end = end; }
};

}  // namespace kith::mesh::testing

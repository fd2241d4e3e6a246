// The retained messages of a node and the stamps of its mesh on them, as its broker keeps them: on
// disk at once, since what a crash takes of a broker's transaction it takes whole.
//
// Retained messages of the simulation belong to a tenant of their own, in which nobody subscribes:
// what is judged is that all nodes have the same. Threads: one. Limits: the workload's topics.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "mesh/node.h"
#include "mesh/ports.h"
#include "sim/participant.h"

namespace kith::sim {

inline constexpr std::uint32_t kRetainedTenant = 1;

class RetainedShelf final : public mesh::StatePort {
  public:
    /// An empty payload deletes.
    void set(std::string_view topic, Bytes payload);
    void restore(Participant& participant, Instant now) const;
    void wipe() { *this = {}; }

    using Messages = std::map<std::string, std::vector<std::uint8_t>>;  // by topic
    [[nodiscard]] const Messages& messages() const { return messages_; }

    // StatePort
    [[nodiscard]] bool on_state(const mesh::State& state) override;
    [[nodiscard]] bool read_state(mesh::State& state, Instant now) override;
    void announce_state(const mesh::StateKey&) override {}
    [[nodiscard]] bool keep_state(const mesh::State& state, std::uint8_t told) override;
    void forget_state(const mesh::StateKey& key) override { stamps_.erase(key); }

  private:
    struct Stamped {
        mesh::State state;  // views nothing
        std::uint8_t told = 0;
    };

    Messages messages_;
    std::map<std::uint64_t, std::string> topics_;  // by hash
    std::map<mesh::StateKey, Stamped> stamps_;
};

}  // namespace kith::sim

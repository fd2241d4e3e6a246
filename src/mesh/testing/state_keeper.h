// A broker that has nothing but retained messages, and a disk that keeps all it is told.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mesh/node.h"
#include "mesh/ports.h"

namespace kith::mesh::testing {

class StateKeeper final : public StatePort {
  public:
    struct Session {
        std::string name;
        std::string value;
    };
    struct Kept {
        State state;  // views nothing
        std::string name;
        std::string value;
        std::uint8_t told = 0;
    };

    std::map<std::string, std::string> retained;  // by topic
    std::vector<std::string> announced;           // "topic payload"
    std::vector<Session> sessions;                // as on_state() told of them
    std::map<StateKey, Kept> kept;
    std::uint64_t ahead = 0;  // stamps that were refused

    void set(std::string_view topic, std::string_view payload) {
        if (payload.empty()) {
            retained.erase(std::string(topic));
        } else {
            retained[std::string(topic)] = std::string(payload);
        }
    }
    void restore(MeshNode& node, Instant now) {
        for (const auto& [key, each] : kept) {
            State state = each.state;
            state.name = each.name;
            state.value = as_bytes(each.value);
            node.restore_state(state, each.told, now);
        }
    }

    // StatePort
    bool on_state(const State& state) override {
        if (state.key.kind != StateKind::Retained) {
            sessions.push_back({std::string(state.name), std::string(as_text(state.value))});
        } else if (state.is_gone) {
            const std::string topic = find(state.key);
            gone_[state.key] = topic;
            retained.erase(topic);
        } else {
            set(state.name, as_text(state.value));
        }
        return true;
    }
    bool read_state(State& state, Instant) override {
        const auto found = retained.find(find(state.key));
        if (found != retained.end()) {
            state.name = found->first;
            state.value = as_bytes(found->second);
        }
        return found != retained.end();
    }
    void announce_state(const StateKey& key) override {
        const std::string topic = find(key);
        announced.push_back(topic.empty() ? gone_[key] + " " : topic + " " + retained[topic]);
    }
    bool keep_state(const State& state, std::uint8_t told) override {
        Kept& place = kept[state.key];
        place = {.state = state,
                 .name = std::string(state.name),
                 .value = std::string(as_text(state.value)),
                 .told = told};
        place.state.name = {};
        place.state.value = {};
        return true;
    }
    void forget_state(const StateKey& key) override { kept.erase(key); }
    void on_stamp_ahead(const Stamp&) override { ++ahead; }

  private:
    [[nodiscard]] std::string find(const StateKey& key) const {
        for (const auto& [topic, payload] : retained) {
            if (state_hash(0, topic) == key.hash) {
                return topic;
            }
        }
        return {};
    }

    std::map<StateKey, std::string> gone_;
};

}  // namespace kith::mesh::testing

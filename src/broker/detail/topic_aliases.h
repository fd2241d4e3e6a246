// Topic aliases of one connection (MQTT 5.0, section 3.3.2.3.4): those that the client set, and
// those that this side sets. Made only for connections that use them. Threads: shard-local.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace kith::broker {

/// What the client set. Limits: aliases 1 to `maximum`.
class InboundAliases {
  public:
    explicit InboundAliases(std::uint16_t maximum) : maximum_(maximum) {}
    [[nodiscard]] bool is_valid(std::uint16_t alias) const {
        return alias >= 1 && alias <= maximum_;
    }
    /// Requires: is_valid(alias).
    void set(std::uint16_t alias, std::string_view topic) {
        if (topics_.size() < alias) {
            topics_.resize(alias);
        }
        topics_[alias - 1U] = topic;
    }
    /// Empty if the alias stands for nothing. Requires: is_valid(alias).
    [[nodiscard]] std::string_view topic(std::uint16_t alias) const {
        return alias <= topics_.size() ? std::string_view(topics_[alias - 1U]) : std::string_view();
    }

  private:
    std::uint16_t maximum_;
    std::vector<std::string> topics_;
};

/// What this side sets: the first topics to come, until the aliases are used up.
class OutboundAliases {
  public:
    explicit OutboundAliases(std::uint16_t maximum) : maximum_(maximum) {}

    struct Use {
        std::uint16_t alias = 0;  // 0: send the topic without one
        bool is_known = false;    // the client has it: the topic may be left out
    };
    /// The alias of `topic`, or the one that add() would give it.
    [[nodiscard]] Use find(std::string_view topic) const {
        if (const auto found = aliases_.find(topic); found != aliases_.end()) {
            return {.alias = found->second, .is_known = true};
        }
        if (aliases_.size() >= maximum_) {
            return {};
        }
        return {.alias = static_cast<std::uint16_t>(aliases_.size() + 1), .is_known = false};
    }
    /// The client is sent the alias that find() gave. Requires: one that is not known.
    void add(std::string_view topic) {
        aliases_.emplace(topic, static_cast<std::uint16_t>(aliases_.size() + 1));
    }

  private:
    std::uint16_t maximum_;
    boost::unordered_flat_map<std::string, std::uint16_t, TextHash, std::equal_to<>> aliases_;
};

}  // namespace kith::broker

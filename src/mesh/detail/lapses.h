// When messages that wait for a node without a way are given up: the one that has least time left
// goes first, when its time is over or when there is no room.
//
// A message lapses when it expires, or after partition_ttl at the latest. Those in memory and those
// whose content is on disk alone are in lists of their own, since each has a bound of its own.
// Threads: shard-local. Limits: as many entries as messages that have waited and are still held.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <set>

#include "base/time.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

enum class SpoolPlace : std::uint8_t { Memory, Disk };

class Lapses {
  public:
    struct Entry {
        Instant at;
        DataId id;

        friend auto operator<=>(const Entry&, const Entry&) = default;
    };

    void add(SpoolPlace place, const Entry& entry) { of(place).insert(entry); }
    void remove(SpoolPlace place, const Entry& entry) { of(place).erase(entry); }
    /// The one that lapses first.
    [[nodiscard]] std::optional<Entry> first(SpoolPlace place) const {
        const std::set<Entry>& entries = entries_[static_cast<std::size_t>(place)];
        return entries.empty() ? std::nullopt : std::optional(*entries.begin());
    }
    [[nodiscard]] Instant deadline() const {
        Instant earliest = Instant::never();
        for (const std::set<Entry>& entries : entries_) {
            earliest = entries.empty() ? earliest : std::min(earliest, entries.begin()->at);
        }
        return earliest;
    }

  private:
    [[nodiscard]] std::set<Entry>& of(SpoolPlace place) {
        return entries_[static_cast<std::size_t>(place)];
    }

    std::array<std::set<Entry>, 2> entries_;
};

}  // namespace kith::mesh

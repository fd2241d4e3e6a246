// Topic levels as small integers, so that the trie compares and hashes numbers.
//
// A level that no filter uses has no number: looking it up says so, and nothing is added by
// publishing. Counts references; a level that nobody uses is forgotten. Threads: shard-local.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/strong_id.h"

namespace kith::broker {

using LevelId = StrongId<struct LevelIdTag, std::uint32_t>;

class LevelTable {
  public:
    /// The number of `level`, made if need be, with one more reference.
    [[nodiscard]] LevelId retain(std::string_view level);
    void release(LevelId id);

    /// kNone if nothing uses `level`.
    [[nodiscard]] LevelId find(std::string_view level) const;
    [[nodiscard]] std::string_view text(LevelId id) const;
    [[nodiscard]] std::size_t size() const { return ids_.size(); }

    static constexpr LevelId kNone{0xFFFF'FFFF};

  private:
    struct Slot {
        std::unique_ptr<char[]> text;  // stable: the map's keys point here
        std::uint32_t text_bytes = 0;
        std::uint32_t reference_count = 0;
    };

    boost::unordered_flat_map<std::string_view, std::uint32_t, TextHash> ids_;
    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_;
};

}  // namespace kith::broker

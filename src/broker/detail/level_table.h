// Topic levels as small integers, so that the trie compares and hashes numbers.
//
// A level that no filter uses has no number: looking it up says so, and nothing is added by
// publishing. Counts references; a level that nobody uses is forgotten. Every level is here once,
// its text beside its count, short ones (nearly all) without an allocation. Threads: shard-local.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/strong_id.h"

namespace kith::broker {

using LevelId = StrongId<struct LevelIdTag, std::uint32_t>;

class LevelTable {
  public:
    LevelTable() : ids_(0, TextOf{&slots_}, TextOf{&slots_}) {}
    ~LevelTable();
    LevelTable(const LevelTable&) = delete;
    LevelTable& operator=(const LevelTable&) = delete;

    /// The number of `level`, made if need be, with one more reference.
    [[nodiscard]] LevelId retain(std::string_view level);
    void release(LevelId id);

    /// kNone if nothing uses `level`.
    [[nodiscard]] LevelId find(std::string_view level) const;
    /// Valid until the next retain() or release().
    [[nodiscard]] std::string_view text(LevelId id) const { return slots_[id.value()].text(); }
    [[nodiscard]] std::size_t size() const { return ids_.size(); }

    static constexpr LevelId kNone{0xFFFF'FFFF};
    static constexpr std::size_t kInlineBytesMax = 16;

  private:
    /// A value: LevelTable owns the blocks of long levels.
    struct Slot {
        union {
            std::array<char, kInlineBytesMax> inline_text;
            char* block;  // of a level longer than that
        };
        std::uint32_t text_bytes;
        std::uint32_t reference_count;

        [[nodiscard]] std::string_view text() const {
            return {text_bytes <= kInlineBytesMax ? inline_text.data() : block, text_bytes};
        }
    };
    static_assert(sizeof(Slot) == 24);

    /// Hashes and compares numbers by the text that they stand for, so that the set holds nothing
    /// but numbers.
    struct TextOf {
        using is_transparent = void;
        using is_avalanching = void;
        const std::vector<Slot>* slots;

        [[nodiscard]] std::string_view text(std::uint32_t id) const { return (*slots)[id].text(); }
        [[nodiscard]] static std::string_view text(std::string_view text) { return text; }
        template <typename Level>
        std::size_t operator()(Level level) const {
            return hash_text(text(level));
        }
        template <typename Left, typename Right>
        bool operator()(Left left, Right right) const {
            return text(left) == text(right);
        }
    };

    [[nodiscard]] static Slot make_slot(std::string_view level);
    static void free_block(Slot& slot);

    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_;
    boost::unordered_flat_set<std::uint32_t, TextOf, TextOf> ids_;
};

}  // namespace kith::broker

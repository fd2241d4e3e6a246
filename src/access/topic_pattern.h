// The topic side of an access rule: a filter in which some levels stand for whoever asks.
//
//     plant/${machine}/#      $m/${machine}/twin/+      fleet/${tenant}/${client}/pos
//
// `${client}`, `${machine}` and `${tenant}` are whole levels. A value that is not exactly one topic
// level (empty, or with `/`, `+` or `#` in it) matches nothing, so that nobody widens a rule by
// a clever name; nor does one that begins with `$` at the first level, where it would name topics
// of the server. Wildcards at the first level do not match topics that begin with `$`
// [MQTT-4.7.2-1].
//
// Threads: immutable, any shard. Limits: base/limits.h, topics and filters.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "bus/authorizer.h"
#include "bus/topic.h"

namespace kith::access {

/// The levels of a topic or filter, found once for all rules that look at them.
class TopicLevels {
  public:
    /// Requires: at most limits::kTopicLevelsMax levels; `text` outlives this.
    explicit TopicLevels(std::string_view text);
    [[nodiscard]] std::span<const std::string_view> all() const { return {levels_.data(), count_}; }

  private:
    std::array<std::string_view, limits::kTopicLevelsMax> levels_;
    std::size_t count_ = 0;
};

class TopicPattern {
  public:
    /// Where and why a text is no pattern. `offset_bytes` is into the text.
    struct Problem {
        std::size_t offset_bytes = 0;
        const char* expected = "";  // static text: "a whole level for +"
    };
    [[nodiscard]] static tl::expected<TopicPattern, Problem> create(std::string_view text);

    /// True if the topic is one of the pattern's.
    [[nodiscard]] bool matches(const bus::TopicSubject& subject, const TopicLevels& topic) const;
    /// True if every topic that `filter` matches is one of the pattern's.
    [[nodiscard]] bool covers(const bus::TopicSubject& subject, const TopicLevels& filter) const;
    /// True if there is a topic that both match.
    [[nodiscard]] bool overlaps(const bus::TopicSubject& subject, const TopicLevels& filter) const;

    /// True if it matches every topic that does not begin with `$`, whoever asks.
    [[nodiscard]] bool is_everything() const;
    /// True if it matches only topics that begin with `$`, whoever asks.
    [[nodiscard]] bool is_reserved() const;

    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    enum class Kind : std::uint8_t { Literal, One, Rest, Client, Machine, Tenant };
    struct Level {
        Kind kind = Kind::Literal;
        std::uint16_t offset_bytes = 0;  // in text_, of a literal
        std::uint16_t bytes = 0;
    };

    [[nodiscard]] static Kind kind_of(std::string_view level);
    /// What level `i` stands for; empty optional if it matches nothing. Requires: not a wildcard.
    struct Value {
        std::string_view text;
        bool is_usable = true;
    };
    [[nodiscard]] Value value_of(std::size_t i, const bus::TopicSubject& subject) const;
    [[nodiscard]] bool is_wildcard(std::size_t i) const {
        return levels_[i].kind == Kind::One || levels_[i].kind == Kind::Rest;
    }
    [[nodiscard]] bool is_usable(const bus::TopicSubject& subject) const;

    std::string text_;
    std::vector<Level> levels_;
    bool has_values_ = false;  // of whoever asks
};

/// The same for two plain filters: what the property tests compare with enumerated topics.
[[nodiscard]] bool filter_covers(bus::TopicFilter wide, bus::TopicFilter narrow);
[[nodiscard]] bool filters_overlap(bus::TopicFilter a, bus::TopicFilter b);

}  // namespace kith::access

// Topic names and topic filters that cannot be invalid (MQTT 5.0, section 4.7).
//
// Both are checked once, where they enter, and are plain views from then on. Views are borrowed:
// whoever keeps one keeps its text. Limits: base/limits.h, kTopicBytesMax and kTopicLevelsMax.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace kith::bus {

/// A topic to publish to: at least one character, no wildcards.
class TopicName {
  public:
    /// Requires: `text` is MQTT UTF-8 (the codec has checked it). Errors: Invalid, Limit.
    [[nodiscard]] static Result<TopicName> create(std::string_view text);
    /// For text that a TopicName once was: from the store, from another shard.
    [[nodiscard]] static TopicName trusted(std::string_view text) { return TopicName(text); }

    [[nodiscard]] std::string_view text() const { return text_; }
    /// Topics of the server, which wildcards at the first level do not match [MQTT-4.7.2-1].
    [[nodiscard]] bool is_reserved() const { return text_.front() == '$'; }

  private:
    explicit TopicName(std::string_view text) : text_(text) {}
    std::string_view text_;
};

/// A topic filter without a share group: `+` stands for one level, a last `#` for any number.
class TopicFilter {
  public:
    /// Requires: `text` is MQTT UTF-8. Errors: Invalid, Limit.
    [[nodiscard]] static Result<TopicFilter> create(std::string_view text);
    [[nodiscard]] static TopicFilter trusted(std::string_view text) { return TopicFilter(text); }

    [[nodiscard]] std::string_view text() const { return text_; }
    [[nodiscard]] bool has_wildcards() const {
        return text_.find_first_of("+#") != std::string_view::npos;
    }
    /// By the definition, level by level: the oracle of every faster matcher.
    [[nodiscard]] bool matches(TopicName topic) const;

  private:
    explicit TopicFilter(std::string_view text) : text_(text) {}
    std::string_view text_;
};

/// All who provide a service share its messages as one group, without `$share`: the filter
/// `$to/any/<service>/#` is the only one that there is below `$to/any/`.
inline constexpr std::string_view kAnycastPrefix = "$to/any/";
inline constexpr std::string_view kAnycastGroup = "any";
/// The inbox of a node: `$to/node/<its id or name>/...`.
inline constexpr std::string_view kNodeInboxPrefix = "$to/node/";

/// What a machine says of itself: `$mesh/dir/<machine>`.
inline constexpr std::string_view kDirectoryPrefix = "$mesh/dir/";

/// True if one of several subscribers gets a message for what a client wrote in SUBSCRIBE.
[[nodiscard]] bool is_shared_text(std::string_view text);
/// Of `$to/node/<name>/...` the name; empty if `text` is something else.
[[nodiscard]] std::string_view node_inbox_name(std::string_view text);

/// What a client wrote in SUBSCRIBE: a filter, perhaps shared: `$share/group/filter`
/// (section 4.8.2), or `$to/any/<service>/#`, whose group is kAnycastGroup.
struct SubscriptionFilter {
    std::string_view share_group;  // empty if not shared
    TopicFilter filter;

    [[nodiscard]] bool is_shared() const { return !share_group.empty(); }
    /// Requires: `text` is MQTT UTF-8. Errors: Invalid, Limit.
    [[nodiscard]] static Result<SubscriptionFilter> create(std::string_view text);
};

/// Walks the levels of a topic or filter. "a//b" has three levels, the second empty.
class LevelReader {
  public:
    explicit LevelReader(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool at_end() const { return done_; }
    /// Requires: !at_end().
    std::string_view next() {
        const std::size_t slash = rest_.find('/');
        if (slash == std::string_view::npos) {
            done_ = true;
            return rest_;
        }
        const std::string_view level = rest_.substr(0, slash);
        rest_.remove_prefix(slash + 1);
        return level;
    }

  private:
    std::string_view rest_;
    bool done_ = false;
};

}  // namespace kith::bus

// The access language: what a topic role allows and denies, one rule a line.
//
//     # Sensors of one machine.
//     allow publish   plant/${machine}/#
//     allow subscribe plant/+/alarms
//     deny  both      plant/secret/#
//
//     rules   = { line }
//     line    = [ comment | rule ] "\n"            blanks around anything are ignored
//     comment = "#" anything
//     rule    = ("allow" | "deny") ("publish" | "subscribe" | "both") pattern
//     pattern = access/topic_pattern.h, to the end of the line
//
// Deny wins over allow whatever the order; what nothing matches is denied. A subscription is
// granted if an allow rule covers its whole filter and no deny rule overlaps it, so that delivery
// needs no check.
// Threads: immutable, any shard. Limits: kRulesPerRoleMax, kRuleTextBytesMax.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "access/topic_pattern.h"

namespace kith::access {

enum class RuleEffect : std::uint8_t { Allow, Deny };

struct TopicRule {
    RuleEffect effect = RuleEffect::Allow;
    bool is_for_publish = false;
    bool is_for_subscribe = false;
    std::uint32_t line = 0;  // from 1
    TopicPattern pattern;

    [[nodiscard]] bool is_for(bus::TopicAction action) const {
        return action == bus::TopicAction::Publish ? is_for_publish : is_for_subscribe;
    }
};

/// The first thing that is wrong with a text of rules.
struct RuleProblem {
    std::uint32_t line = 0;     // from 1
    std::uint32_t column = 0;   // from 1, in bytes
    const char* expected = "";  // static text: "allow or deny"
};

/// "line 3, column 7: expected publish, subscribe or both".
[[nodiscard]] std::string to_string(const RuleProblem& problem);

[[nodiscard]] tl::expected<std::vector<TopicRule>, RuleProblem> parse_topic_rules(
    std::string_view text);

/// A rule as it is written, with one blank between its parts.
[[nodiscard]] std::string to_string(const TopicRule& rule);

}  // namespace kith::access

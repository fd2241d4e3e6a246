#include "access/topic_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "access/limits.h"
#include "base/narrow.h"
#include "base/utf8.h"

namespace kith::access {
namespace {

constexpr std::string_view kBlanks = " \t\r";

/// Takes words and the rest of one line, and knows in which column it is.
class LineReader {
  public:
    explicit LineReader(std::string_view line) : line_(line) { skip_blanks(); }

    [[nodiscard]] bool at_end() const { return at_ == line_.size(); }
    [[nodiscard]] std::size_t offset_bytes() const { return at_; }
    [[nodiscard]] char front() const { return line_[at_]; }

    std::string_view word() {
        const std::size_t end = std::min(line_.find_first_of(kBlanks, at_), line_.size());
        const std::string_view word = line_.substr(at_, end - at_);
        at_ = end;
        skip_blanks();
        return word;
    }
    /// Without the blanks at its end.
    std::string_view rest() {
        const std::string_view rest = line_.substr(at_);
        return rest.substr(0, rest.find_last_not_of(kBlanks) + 1);
    }

  private:
    void skip_blanks() { at_ = std::min(line_.find_first_not_of(kBlanks, at_), line_.size()); }

    std::string_view line_;
    std::size_t at_ = 0;
};

struct LineProblem {
    std::size_t offset_bytes = 0;
    const char* expected = "";
};

tl::expected<TopicRule, LineProblem> parse_rule(LineReader reader) {
    TopicRule rule;
    const std::size_t effect_offset_bytes = reader.offset_bytes();
    const std::string_view effect = reader.word();
    if (effect != "allow" && effect != "deny") {
        return tl::unexpected(LineProblem{effect_offset_bytes, "allow or deny"});
    }
    rule.effect = effect == "allow" ? RuleEffect::Allow : RuleEffect::Deny;
    const std::size_t action_offset_bytes = reader.offset_bytes();
    const std::string_view action = reader.word();
    rule.is_for_publish = action == "publish" || action == "both";
    rule.is_for_subscribe = action == "subscribe" || action == "both";
    if (!rule.is_for_publish && !rule.is_for_subscribe) {
        return tl::unexpected(LineProblem{action_offset_bytes, "publish, subscribe or both"});
    }
    const std::size_t pattern_offset_bytes = reader.offset_bytes();
    auto pattern = TopicPattern::create(reader.rest());
    if (!pattern) {
        return tl::unexpected(LineProblem{pattern_offset_bytes + pattern.error().offset_bytes,
                                          pattern.error().expected});
    }
    rule.pattern = std::move(*pattern);
    return rule;
}

RuleProblem problem_at(std::size_t line, std::size_t offset_bytes, const char* expected) {
    return {.line = narrow<std::uint32_t>(line),
            .column = narrow<std::uint32_t>(offset_bytes + 1),
            .expected = expected};
}

std::string_view effect_name(RuleEffect effect) {
    return effect == RuleEffect::Allow ? "allow" : "deny";
}

std::string_view action_name(const TopicRule& rule) {
    return rule.is_for_publish && rule.is_for_subscribe ? "both"
           : rule.is_for_publish                        ? "publish"
                                                        : "subscribe";
}

}  // namespace

tl::expected<std::vector<TopicRule>, RuleProblem> parse_topic_rules(std::string_view text) {
    if (text.size() > kRuleTextBytesMax) {
        return tl::unexpected(problem_at(1, 0, "at most 32 KiB of rules"));
    }
    std::vector<TopicRule> rules;
    std::size_t line_number = 0;
    std::size_t begin = 0;
    while (begin < text.size()) {
        ++line_number;
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        const std::string_view line = text.substr(begin, end - begin);
        begin = end + 1;
        if (!is_mqtt_utf8(as_bytes(line))) {
            return tl::unexpected(problem_at(line_number, 0, "UTF-8 without U+0000"));
        }
        const LineReader reader(line);
        if (reader.at_end() || reader.front() == '#') {
            continue;
        }
        auto rule = parse_rule(reader);
        if (!rule) {
            return tl::unexpected(
                problem_at(line_number, rule.error().offset_bytes, rule.error().expected));
        }
        if (rules.size() == kRulesPerRoleMax) {
            return tl::unexpected(
                problem_at(line_number, reader.offset_bytes(), "at most 256 rules"));
        }
        rule->line = narrow<std::uint32_t>(line_number);
        rules.push_back(std::move(*rule));
    }
    return rules;
}

std::string to_string(const RuleProblem& problem) {
    return fmt::format("line {}, column {}: expected {}", problem.line, problem.column,
                       problem.expected);
}

std::string to_string(const TopicRule& rule) {
    return fmt::format("{} {} {}", effect_name(rule.effect), action_name(rule),
                       rule.pattern.text());
}

}  // namespace kith::access

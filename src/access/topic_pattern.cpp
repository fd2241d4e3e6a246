#include "access/topic_pattern.h"

#include <algorithm>

#include "base/check.h"
#include "base/narrow.h"

namespace kith::access {
namespace {

constexpr std::string_view kDefaultTenantName = "default";

bool is_one_level(std::string_view value) {
    return !value.empty() && value.find_first_of("/+#") == std::string_view::npos;
}

bool is_reserved_level(std::string_view level) {
    return level.starts_with('$');
}

bool is_wildcard_level(std::string_view level) {
    return level == "+" || level == "#";
}

/// Why `level` cannot be a level of a pattern; null if it can.
const char* problem_of(std::string_view level, bool is_last) {
    if (level == "#" && !is_last) {
        return "# as the last level only";
    }
    if (!is_wildcard_level(level) && level.find_first_of("+#") != std::string_view::npos) {
        return "a wildcard as a whole level";
    }
    const bool has_value = level.find("${") != std::string_view::npos;
    if (has_value && level != "${client}" && level != "${machine}" && level != "${tenant}") {
        return "${client}, ${machine} or ${tenant} as a whole level";
    }
    return nullptr;
}

}  // namespace

TopicLevels::TopicLevels(std::string_view text) {
    bus::LevelReader reader(text);
    while (!reader.at_end()) {
        CHECK(count_ < levels_.size());
        levels_[count_] = reader.next();
        ++count_;
    }
}

TopicPattern::Kind TopicPattern::kind_of(std::string_view level) {
    return level == "+"            ? Kind::One
           : level == "#"          ? Kind::Rest
           : level == "${client}"  ? Kind::Client
           : level == "${machine}" ? Kind::Machine
           : level == "${tenant}"  ? Kind::Tenant
                                   : Kind::Literal;
}

tl::expected<TopicPattern, TopicPattern::Problem> TopicPattern::create(std::string_view text) {
    if (text.empty()) {
        return tl::unexpected(Problem{0, "a topic filter"});
    }
    if (text.size() > limits::kTopicBytesMax) {
        return tl::unexpected(Problem{limits::kTopicBytesMax, "at most 1024 bytes of filter"});
    }
    if (text.starts_with("$share/")) {
        return tl::unexpected(Problem{0, "the filter itself, without $share/group/"});
    }
    TopicPattern pattern;
    pattern.text_ = text;
    bus::LevelReader reader(text);
    std::size_t offset_bytes = 0;
    while (!reader.at_end()) {
        const std::string_view level = reader.next();
        if (pattern.levels_.size() == limits::kTopicLevelsMax) {
            return tl::unexpected(Problem{offset_bytes, "at most 32 levels"});
        }
        if (const char* expected = problem_of(level, reader.at_end()); expected != nullptr) {
            return tl::unexpected(Problem{offset_bytes, expected});
        }
        const Kind kind = kind_of(level);
        pattern.has_values_ |=
            kind == Kind::Client || kind == Kind::Machine || kind == Kind::Tenant;
        pattern.levels_.push_back({.kind = kind,
                                   .offset_bytes = narrow<std::uint16_t>(offset_bytes),
                                   .bytes = narrow<std::uint16_t>(level.size())});
        offset_bytes += level.size() + 1;
    }
    return pattern;
}

TopicPattern::Value TopicPattern::value_of(std::size_t i, const bus::TopicSubject& subject) const {
    std::string_view value;
    switch (levels_[i].kind) {
        case Kind::Literal:
            return {.text =
                        std::string_view(text_).substr(levels_[i].offset_bytes, levels_[i].bytes)};
        case Kind::Client:
            value = subject.client_id;
            break;
        case Kind::Machine:
            value = subject.machine;
            break;
        case Kind::Tenant:
            // Until tenants can be made there is one.
            value = subject.tenant == kDefaultTenant ? kDefaultTenantName : std::string_view();
            break;
        case Kind::One:
        case Kind::Rest:
            CHECK_TEXT(false, "a wildcard has no value");
    }
    return {.text = value,
            .is_usable = is_one_level(value) && (i > 0 || !is_reserved_level(value))};
}

bool TopicPattern::is_usable(const bus::TopicSubject& subject) const {
    for (std::size_t i = 0; has_values_ && i < levels_.size(); ++i) {
        if (!is_wildcard(i) && !value_of(i, subject).is_usable) {
            return false;
        }
    }
    return true;
}

bool TopicPattern::matches(const bus::TopicSubject& subject, const TopicLevels& topic) const {
    const auto levels = topic.all();
    if (is_wildcard(0) && is_reserved_level(levels[0])) {
        return false;  // [MQTT-4.7.2-1]
    }
    for (std::size_t i = 0; i < levels_.size(); ++i) {
        if (levels_[i].kind == Kind::Rest) {
            return true;  // also the parent level: "a/#" matches "a"
        }
        if (i == levels.size()) {
            return false;
        }
        if (levels_[i].kind == Kind::One) {
            continue;
        }
        const Value value = value_of(i, subject);
        if (!value.is_usable || value.text != levels[i]) {
            return false;
        }
    }
    return levels_.size() == levels.size();
}

bool TopicPattern::covers(const bus::TopicSubject& subject, const TopicLevels& filter) const {
    const auto levels = filter.all();
    if (!is_usable(subject) || (is_wildcard(0) && is_reserved_level(levels[0]))) {
        return false;
    }
    if (levels[0] == "#") {
        return is_everything();
    }
    for (std::size_t i = 0; i < levels_.size(); ++i) {
        if (levels_[i].kind == Kind::Rest) {
            return true;
        }
        if (i == levels.size() || levels[i] == "#") {
            return false;  // the filter's # takes its parent and any depth; this takes one depth
        }
        if (levels_[i].kind == Kind::One) {
            continue;
        }
        if (levels[i] == "+" || value_of(i, subject).text != levels[i]) {
            return false;
        }
    }
    return levels_.size() == levels.size();
}

bool TopicPattern::overlaps(const bus::TopicSubject& subject, const TopicLevels& filter) const {
    const auto levels = filter.all();
    if (!is_usable(subject)) {
        return false;
    }
    if (is_wildcard(0) && is_reserved_level(levels[0])) {
        return false;
    }
    if (!is_wildcard(0) && is_wildcard_level(levels[0]) &&
        is_reserved_level(value_of(0, subject).text)) {
        return false;
    }
    for (std::size_t i = 0; i < levels_.size(); ++i) {
        if (levels_[i].kind == Kind::Rest) {
            return true;
        }
        if (i == levels.size()) {
            return false;
        }
        if (levels[i] == "#") {
            return true;
        }
        if (levels_[i].kind == Kind::One || levels[i] == "+") {
            continue;
        }
        if (value_of(i, subject).text != levels[i]) {
            return false;
        }
    }
    // "a" and "a/#" meet in the parent level.
    return levels_.size() == levels.size() ||
           (levels.size() == levels_.size() + 1 && levels.back() == "#");
}

bool TopicPattern::is_everything() const {
    // "+/#" too: every topic has a first level, and # takes any number of further ones.
    return levels_[0].kind == Kind::Rest ||
           (levels_.size() == 2 && levels_[0].kind == Kind::One && levels_[1].kind == Kind::Rest);
}

bool TopicPattern::is_reserved() const {
    return levels_[0].kind == Kind::Literal && text_.starts_with('$');
}

bool filter_covers(bus::TopicFilter wide, bus::TopicFilter narrow) {
    const auto pattern = TopicPattern::create(wide.text());
    return pattern && pattern->covers({}, TopicLevels(narrow.text()));
}

bool filters_overlap(bus::TopicFilter a, bus::TopicFilter b) {
    const auto pattern = TopicPattern::create(a.text());
    return pattern && pattern->overlaps({}, TopicLevels(b.text()));
}

}  // namespace kith::access

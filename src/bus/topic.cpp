#include "bus/topic.h"

#include <algorithm>
#include <cstring>

#include "base/limits.h"

namespace kith::bus {
namespace {

bool is_wildcard(char c) {
    return c == '+' || c == '#';
}

constexpr std::uint64_t in_each_byte(std::uint8_t value) {
    return 0x0101'0101'0101'0101U * value;
}

/// The highest bit of each byte that is 0, and no other bit.
constexpr std::uint64_t zero_bytes(std::uint64_t word) {
    constexpr std::uint64_t kLow = in_each_byte(0x7F);
    return ~(((word & kLow) + kLow) | word | kLow);
}

/// Separators and wildcards of a text, eight characters at a time: every PUBLISH comes by here.
struct Marks {
    std::size_t separator_count = 0;
    bool has_wildcard = false;

    void count(std::uint64_t word) {
        // + is 0x2B and # is 0x23: they differ in one bit, so one comparison finds both.
        static_assert(('#' | 0x08) == '+');
        const std::uint64_t separators = zero_bytes(word ^ in_each_byte('/'));
        separator_count += ((separators >> 7) * in_each_byte(1)) >> 56;
        has_wildcard |= zero_bytes((word | in_each_byte(0x08)) ^ in_each_byte('+')) != 0;
    }
};

Marks marks_of(std::string_view text) {
    Marks marks;
    std::uint64_t word = 0;
    for (; text.size() >= sizeof(word); text.remove_prefix(sizeof(word))) {
        std::memcpy(&word, text.data(), sizeof(word));
        marks.count(word);
    }
    word = 0;
    if (!text.empty()) {
        std::memcpy(&word, text.data(), text.size());
    }
    marks.count(word);
    return marks;
}

Status check_size(std::string_view text, std::size_t separator_count) {
    if (text.empty()) {
        return fail(ErrorKind::Invalid, "a topic has at least one character");  // [MQTT-4.7.3-1]
    }
    if (text.size() > limits::kTopicBytesMax) {
        return fail(ErrorKind::Limit, "topic longer than allowed");
    }
    if (separator_count + 1 > limits::kTopicLevelsMax) {
        return fail(ErrorKind::Limit, "topic deeper than allowed");
    }
    return {};
}

constexpr std::string_view kSharePrefix = "$share/";

/// `$to/any/<service>/#` and nothing else: so a service is one group, whoever provides it.
Result<SubscriptionFilter> create_anycast(std::string_view text) {
    TRY_ASSIGN(const TopicFilter filter, TopicFilter::create(text));
    LevelReader levels(text.substr(kAnycastPrefix.size()));
    const std::string_view service = levels.next();
    const bool is_service = !service.empty() && !std::ranges::any_of(service, is_wildcard);
    if (!is_service || levels.at_end() || levels.next() != "#") {
        return fail(ErrorKind::Invalid, "a service is subscribed to as $to/any/service/#");
    }
    return SubscriptionFilter{.share_group = kAnycastGroup, .filter = filter};
}

}  // namespace

Result<TopicName> TopicName::create(std::string_view text) {
    const Marks marks = marks_of(text);
    TRY(check_size(text, marks.separator_count));
    // [MQTT-3.3.2-2]: wildcards are for filters only.
    if (marks.has_wildcard) {
        return fail(ErrorKind::Invalid, "wildcard in a topic name");
    }
    return TopicName(text);
}

Result<TopicFilter> TopicFilter::create(std::string_view text) {
    TRY(check_size(text, static_cast<std::size_t>(std::ranges::count(text, '/'))));
    LevelReader levels(text);
    while (!levels.at_end()) {
        const std::string_view level = levels.next();
        const bool has_wildcard = std::ranges::any_of(level, is_wildcard);
        // [MQTT-4.7.1-1], [MQTT-4.7.1-2]: a wildcard is a level of its own, `#` the last one.
        if (has_wildcard && level.size() != 1) {
            return fail(ErrorKind::Invalid, "a wildcard must be a whole level");
        }
        if (level == "#" && !levels.at_end()) {
            return fail(ErrorKind::Invalid, "# must be the last level");
        }
    }
    return TopicFilter(text);
}

bool TopicFilter::matches(TopicName topic) const {
    LevelReader filter_levels(text_);
    LevelReader topic_levels(topic.text());
    // [MQTT-4.7.2-1]: a leading wildcard does not match the server's own topics.
    if (topic.is_reserved() && (text_.front() == '+' || text_.front() == '#')) {
        return false;
    }
    while (!filter_levels.at_end()) {
        const std::string_view wanted = filter_levels.next();
        if (wanted == "#") {
            return true;  // also the parent level: "a/#" matches "a"
        }
        if (topic_levels.at_end()) {
            return false;
        }
        const std::string_view level = topic_levels.next();
        if (wanted != "+" && wanted != level) {
            return false;
        }
        // "a/#" matches "a": the topic may end just before a last `#`.
        if (topic_levels.at_end() && !filter_levels.at_end()) {
            return filter_levels.next() == "#" && filter_levels.at_end();
        }
    }
    return topic_levels.at_end();
}

bool is_shared_text(std::string_view text) {
    return text.starts_with(kSharePrefix) || text.starts_with(kAnycastPrefix);
}

std::string_view node_inbox_name(std::string_view text) {
    if (!text.starts_with(kNodeInboxPrefix)) {
        return {};
    }
    LevelReader levels(text.substr(kNodeInboxPrefix.size()));
    return levels.next();
}

Result<SubscriptionFilter> SubscriptionFilter::create(std::string_view text) {
    if (text.starts_with(kAnycastPrefix)) {
        return create_anycast(text);
    }
    if (!text.starts_with(kSharePrefix)) {
        TRY_ASSIGN(const TopicFilter filter, TopicFilter::create(text));
        return SubscriptionFilter{.share_group = {}, .filter = filter};
    }
    const std::string_view rest = text.substr(kSharePrefix.size());
    const std::size_t slash = rest.find('/');
    // [MQTT-4.8.2-1], [MQTT-4.8.2-2]: a share name without wildcards, then a slash and a filter.
    if (slash == 0 || slash == std::string_view::npos) {
        return fail(ErrorKind::Invalid, "a shared subscription is $share/group/filter");
    }
    const std::string_view group = rest.substr(0, slash);
    if (std::ranges::any_of(group, is_wildcard)) {
        return fail(ErrorKind::Invalid, "wildcard in a share name");
    }
    if (text.size() > limits::kTopicBytesMax) {
        return fail(ErrorKind::Limit, "topic longer than allowed");
    }
    if (rest.substr(slash + 1).starts_with(kAnycastPrefix)) {
        return fail(ErrorKind::Invalid, "the providers of a service share it already");
    }
    TRY_ASSIGN(const TopicFilter filter, TopicFilter::create(rest.substr(slash + 1)));
    return SubscriptionFilter{.share_group = group, .filter = filter};
}

}  // namespace kith::bus

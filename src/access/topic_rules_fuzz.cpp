// Any text as rules: no crash, no limit passed, and what was understood is understood again.
#include "access/topic_rules.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "access/limits.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using kith::access::TopicLevels;
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    const auto rules = kith::access::parse_topic_rules(text);
    if (!rules) {
        CHECK(rules.error().line >= 1);
        CHECK(rules.error().column >= 1);
        return 0;
    }
    CHECK(rules->size() <= kith::access::kRulesPerRoleMax);
    const kith::bus::TopicSubject who{.client_id = "c", .machine = "m", .tenant = {}};
    for (const kith::access::TopicRule& rule : *rules) {
        const auto again = kith::access::parse_topic_rules(to_string(rule));
        CHECK(again.has_value());
        CHECK(again->size() == 1);
        CHECK(to_string(again->front()) == to_string(rule));
        // Covering is the stronger of the two; both look at every level.
        const TopicLevels levels(rule.pattern.text());
        CHECK(!rule.pattern.covers(who, levels) || rule.pattern.overlaps(who, levels));
        CHECK(!rule.pattern.covers(who, TopicLevels("a/b")) ||
              rule.pattern.matches(who, TopicLevels("a/b")));
    }
    return 0;
}

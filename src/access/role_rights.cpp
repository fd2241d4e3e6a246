#include "access/role_rights.h"

#include <algorithm>

namespace kith::access {

RoleRights::RoleRights(std::vector<RoleBook::RoleRef> roles)
    : roles_(std::move(roles)),
      publish_(collect(roles_, bus::TopicAction::Publish)),
      subscribe_(collect(roles_, bus::TopicAction::Subscribe)),
      publishes_everything_(finds_everything_free()) {}

std::vector<RoleRights::Entry> RoleRights::collect(const std::vector<RoleBook::RoleRef>& roles,
                                                   bus::TopicAction action) {
    std::vector<Entry> entries;
    for (const RoleBook::RoleRef& role : roles) {
        for (const TopicRule& rule : role->rules) {
            if (rule.is_for(action)) {
                entries.push_back({.rule = &rule, .role = role.get()});
            }
        }
    }
    // style: clang 14 does not compile what std::ranges::stable_partition() returns.
    std::stable_partition(entries.begin(), entries.end(), [](const Entry& entry) {
        return entry.rule->effect == RuleEffect::Deny;
    });
    return entries;
}

bool RoleRights::finds_everything_free() const {
    const bool is_denied = std::ranges::any_of(publish_, [](const Entry& entry) {
        return entry.rule->effect == RuleEffect::Deny && !entry.rule->pattern.is_reserved();
    });
    return !is_denied && std::ranges::any_of(publish_, [](const Entry& entry) {
        return entry.rule->effect == RuleEffect::Allow && entry.rule->pattern.is_everything();
    });
}

bool RoleRights::may_publish(const bus::TopicSubject& subject, bus::TopicName topic) const {
    const Entry* entry = decide_publish(subject, topic.text());
    return entry != nullptr && entry->rule->effect == RuleEffect::Allow;
}

bool RoleRights::may_subscribe(const bus::TopicSubject& subject, bus::TopicFilter filter) const {
    const Entry* entry = decide_subscribe(subject, filter.text());
    return entry != nullptr && entry->rule->effect == RuleEffect::Allow;
}

Decision RoleRights::explain(const bus::TopicSubject& subject, bus::TopicAction action,
                             std::string_view text) const {
    const Entry* entry = action == bus::TopicAction::Publish ? decide_publish(subject, text)
                                                             : decide_subscribe(subject, text);
    if (entry == nullptr) {
        return {};
    }
    return {
        .is_allowed = entry->rule->effect == RuleEffect::Allow,
        .decided_by = DecidedBy{
            .role = entry->role->name, .line = entry->rule->line, .text = to_string(*entry->rule)}};
}

const RoleRights::Entry* RoleRights::decide_publish(const bus::TopicSubject& subject,
                                                    std::string_view topic) const {
    const TopicLevels levels(topic);
    const auto found = std::ranges::find_if(
        publish_, [&](const Entry& entry) { return entry.rule->pattern.matches(subject, levels); });
    return found == publish_.end() ? nullptr : &*found;
}

const RoleRights::Entry* RoleRights::decide_subscribe(const bus::TopicSubject& subject,
                                                      std::string_view filter) const {
    const TopicLevels levels(filter);
    const auto found = std::ranges::find_if(subscribe_, [&](const Entry& entry) {
        const TopicPattern& pattern = entry.rule->pattern;
        return entry.rule->effect == RuleEffect::Deny ? pattern.overlaps(subject, levels)
                                                      : pattern.covers(subject, levels);
    });
    return found == subscribe_.end() ? nullptr : &*found;
}

std::vector<RoleBook::RoleRef> find_roles(const RoleBook& book,
                                          const std::vector<std::string>& names) {
    std::vector<RoleBook::RoleRef> roles;
    for (const std::string& name : names) {
        RoleBook::RoleRef role = book.find(name);
        if (role != nullptr && std::ranges::find(roles, role) == roles.end()) {
            roles.push_back(std::move(role));
        }
    }
    return roles;
}

}  // namespace kith::access

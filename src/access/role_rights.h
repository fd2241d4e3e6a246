// What somebody with certain roles may do: their rules, ready to be asked.
//
// Rules that deny stand first, so that the first rule that has something to say decides.
// Threads: immutable, any shard. Limits: kTopicRolesMax roles of kRulesPerRoleMax rules.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/role_book.h"
#include "bus/authorizer.h"

namespace kith::access {

/// The rule that decided.
struct DecidedBy {
    std::string role;
    std::uint32_t line = 0;
    std::string text;  // "allow publish plant/#"
};

struct Decision {
    bool is_allowed = false;
    std::optional<DecidedBy> decided_by;  // none: no rule says anything of it
};

class RoleRights final : public bus::TopicRights {
  public:
    explicit RoleRights(std::vector<RoleBook::RoleRef> roles);
    RoleRights(const RoleRights&) = delete;
    RoleRights& operator=(const RoleRights&) = delete;

    [[nodiscard]] bool may_publish(const bus::TopicSubject& subject,
                                   bus::TopicName topic) const override;
    [[nodiscard]] bool may_subscribe(const bus::TopicSubject& subject,
                                     bus::TopicFilter filter) const override;
    [[nodiscard]] bool publishes_everything() const override { return publishes_everything_; }

    /// The same with the reason. `text` is a topic or a filter that is one.
    [[nodiscard]] Decision explain(const bus::TopicSubject& subject, bus::TopicAction action,
                                   std::string_view text) const;

    [[nodiscard]] const std::vector<RoleBook::RoleRef>& roles() const { return roles_; }

  private:
    struct Entry {
        const TopicRule* rule;
        const TopicRole* role;
    };
    [[nodiscard]] static std::vector<Entry> collect(const std::vector<RoleBook::RoleRef>& roles,
                                                    bus::TopicAction action);
    /// The first entry that says something of it, or null.
    [[nodiscard]] const Entry* decide_publish(const bus::TopicSubject& subject,
                                              std::string_view topic) const;
    [[nodiscard]] const Entry* decide_subscribe(const bus::TopicSubject& subject,
                                                std::string_view filter) const;
    [[nodiscard]] bool finds_everything_free() const;

    std::vector<RoleBook::RoleRef> roles_;  // own the rules
    std::vector<Entry> publish_;            // those that deny first
    std::vector<Entry> subscribe_;
    bool publishes_everything_ = false;
};

/// The roles of these names that exist. Unknown ones give nothing.
[[nodiscard]] std::vector<RoleBook::RoleRef> find_roles(const RoleBook& book,
                                                        const std::vector<std::string>& names);

}  // namespace kith::access

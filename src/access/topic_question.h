// "May this client publish here?", answered with the reason: for people who write rules.
//
// The same decision as the broker's, hard rules included, without a client. Used by the command
// line, offline, and by the API. Threads: immutable, any shard. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/role_book.h"
#include "access/role_rights.h"
#include "base/result.h"
#include "bus/authorizer.h"

namespace kith::access {

struct AclQuestion {
    bus::Principal principal;
    std::string client_id;
    bus::TopicAction action = bus::TopicAction::Publish;
    std::string topic;  // or filter, `$share/group/` included
};

struct AclAnswer {
    bool is_allowed = false;
    std::optional<DecidedBy> decided_by;  // none: a rule of the broker, or that nothing matched
    std::string why;                      // for people
    std::vector<std::string> roles;       // that were asked, by name
    std::vector<std::string> unknown;     // those of them that there are not
};

/// Errors: Invalid, Limit: not a topic or filter.
[[nodiscard]] Result<AclAnswer> test_acl(const RoleBook& book, const AclQuestion& question);

/// "publish" or "subscribe".
[[nodiscard]] std::optional<bus::TopicAction> parse_topic_action(std::string_view text);

}  // namespace kith::access

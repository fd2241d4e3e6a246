// The topic roles of a node at one moment: built in, from the file of the configuration, and those
// of the control store; and which of them somebody has.
//
// Immutable: a change makes a new book, which every shard gets by mail (RoleAuthorizer). Roles that
// have not changed are the same objects in both, so that only clients whose rights are others now
// are judged again. Names are unique: a built-in role cannot be replaced, and one of the file
// stands before one of the store. A role of the store whose rules cannot be read keeps those it
// had. Threads: immutable, any shard. Limits: access/limits.h, storage/limits.h (kRolesMax).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/topic_rules.h"
#include "base/time.h"
#include "bus/authenticator.h"
#include "storage/control_store.h"

namespace kith::access {

enum class RoleSource : std::uint8_t { BuiltIn, File, Store };

/// "built-in", "file", "store".
[[nodiscard]] std::string_view to_string(RoleSource source);

struct TopicRole {
    std::string name;
    std::string text;  // as people wrote it
    std::string note;
    RoleSource source = RoleSource::BuiltIn;
    WallTime updated_at;  // 0: never
    std::vector<TopicRule> rules;
    std::optional<RuleProblem> problem;  // of `text`, if `rules` are older than it or none
};

/// The roles of a file, between which lines "role NAME" stand.
struct RoleText {
    std::string name;
    std::string text;
};
[[nodiscard]] tl::expected<std::vector<RoleText>, RuleProblem> parse_role_file(
    std::string_view text);

/// Names of roles: 1 to 64 lower-case letters, digits, `-`, `_` or `.`; no built-in role's.
/// Errors: Invalid; Denied for a built-in one.
[[nodiscard]] Status check_role_name(std::string_view name);

class RoleBook {
  public:
    /// Only the built-in roles.
    RoleBook();
    /// `previous` is where roles come from that have not changed.
    RoleBook(const std::vector<storage::RoleRecord>& stored, const std::vector<RoleText>& of_file,
             const RoleBook& previous);

    // shared_ptr: books and the rights made of them hold a role together.
    using RoleRef = std::shared_ptr<const TopicRole>;
    /// Null if there is none.
    [[nodiscard]] RoleRef find(std::string_view name) const;
    /// Built-in ones first, then in order of name.
    [[nodiscard]] const std::vector<RoleRef>& all() const { return roles_; }

  private:
    void add(TopicRole role, const RoleBook* previous);

    std::vector<RoleRef> roles_;
};

/// The names of the roles by which a principal is judged: administrators and operators have `all`,
/// viewers `read`, machines those of their credential, or `own` if it names none. Anonymous clients
/// have what they were let in with, and nothing otherwise.
[[nodiscard]] std::vector<std::string> roles_of(const bus::Principal& principal);

}  // namespace kith::access

// Who may have this node connect where.
//
// A rule is `HOST:PORT`, for every member of the mesh, or `NODE@HOST:PORT`, for the node with that
// id. HOST and PORT may be `*`. Hosts are compared as they are written, whatever the case: a name
// is not looked up for it, so that who answers for the name does not decide what is allowed.
// Without rules nothing is allowed. Threads: immutable. Limits: kForwardRulesMax.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

/// A service as somebody asks for it.
struct ForwardTarget {
    std::string host;  // without the brackets of an IPv6 address
    std::string port;

    /// "HOST:PORT", "[ADDRESS]:PORT". Errors: Invalid.
    [[nodiscard]] static Result<ForwardTarget> parse(std::string_view text);
};

class ForwardRules {
  public:
    /// Whether it is a rule.
    [[nodiscard]] static bool is_rule(std::string_view text);
    /// Requires: all are rules.
    explicit ForwardRules(const std::vector<std::string>& rules);

    [[nodiscard]] bool allow(NodeId node, const ForwardTarget& target) const;

  private:
    struct Rule {
        NodeId node;       // 0: every one
        std::string host;  // empty: every one
        std::string port;  // empty: every one
    };
    [[nodiscard]] static Result<Rule> parse(std::string_view text);

    std::vector<Rule> rules_;
};

}  // namespace kith::mesh

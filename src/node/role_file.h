// Reads the file of topic roles that the configuration names (access.acl_file).
#pragma once

#include "access/role_book.h"
#include "node/problem.h"

#include <string>
#include <vector>

namespace kith::node {

/// No roles if `path` is empty. Problems read "roles.acl:7:3: expected allow or deny".
[[nodiscard]] OrProblem<std::vector<access::RoleText>> load_role_file(const std::string& path);

}  // namespace kith::node

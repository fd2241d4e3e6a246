#include "node/role_file.h"

#include "access/limits.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace kith::node {

OrProblem<std::vector<access::RoleText>> load_role_file(const std::string& path) {
    if (path.empty()) {
        return std::vector<access::RoleText>();
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return problem(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
    }
    // One byte more than allowed, so that a longer file is seen to be one.
    std::string text(access::kRoleFileBytesMax + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    auto roles = access::parse_role_file(text);
    if (!roles) {
        return problem(fmt::format("{}:{}:{}: expected {}", path, roles.error().line,
                                   roles.error().column, roles.error().expected));
    }
    return std::move(*roles);
}

}  // namespace kith::node

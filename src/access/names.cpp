#include "access/names.h"

#include <algorithm>

#include "access/limits.h"
#include "base/bytes.h"
#include "base/utf8.h"
#include "crypto/password.h"

namespace kith::access {
namespace {

constexpr bus::Role kRoles[] = {bus::Role::Admin, bus::Role::Operator, bus::Role::Viewer,
                                bus::Role::Machine};

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
}

}  // namespace

std::string_view to_string(bus::Role role) {
    switch (role) {
        case bus::Role::Admin:
            return "admin";
        case bus::Role::Operator:
            return "operator";
        case bus::Role::Viewer:
            return "viewer";
        case bus::Role::Machine:
            return "machine";
    }
    return "machine";
}

std::optional<bus::Role> parse_role(std::string_view text) {
    for (const bus::Role role : kRoles) {
        if (to_string(role) == text) {
            return role;
        }
    }
    return std::nullopt;
}

bool may(bus::Role role, bus::Role needed) {
    return role <= needed;  // declared from the most to the least
}

Status check_name(std::string_view name) {
    if (name.empty() || name.size() > kNameBytesMax) {
        return fail(ErrorKind::Invalid, "a name has 1 to 64 bytes");
    }
    if (!is_utf8(as_bytes(name)) || std::ranges::any_of(name, is_control)) {
        return fail(ErrorKind::Invalid, "a name is text without control characters");
    }
    if (name.front() == ' ' || name.back() == ' ') {
        return fail(ErrorKind::Invalid, "a name does not start or end with a space");
    }
    return {};
}

Status check_password(std::string_view password) {
    if (password.size() < kPasswordBytesMin) {
        return fail(ErrorKind::Invalid, "a password has at least 8 characters");
    }
    if (password.size() > crypto::kPasswordBytesMax) {
        return fail(ErrorKind::Invalid, "a password has at most 1024 bytes");
    }
    return {};
}

}  // namespace kith::access

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

Status check_machine_name(std::string_view name) {
    TRY(check_name(name));
    if (name.front() == '$' || name.find_first_of("/+#") != std::string_view::npos) {
        return fail(ErrorKind::Invalid,
                    "the name of a machine has no '/', '+' or '#', and no '$' in front");
    }
    return {};
}

std::vector<std::string> split_topic_roles(std::string_view text) {
    std::vector<std::string> roles;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (end > 0) {
            roles.emplace_back(text.substr(0, end));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return roles;
}

std::string join_topic_roles(const std::vector<std::string>& roles) {
    std::string text;
    for (const std::string& role : roles) {
        text += text.empty() ? "" : " ";
        text += role;
    }
    return text;
}

Status check_topic_roles(const std::vector<std::string>& roles) {
    if (roles.size() > kTopicRolesMax) {
        return fail(ErrorKind::Invalid, "at most 16 topic roles");
    }
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    };
    const bool is_good = std::ranges::all_of(roles, [&](const std::string& role) {
        return !role.empty() && role.size() <= kNameBytesMax &&
               std::ranges::all_of(role, is_allowed);
    });
    if (!is_good) {
        return fail(ErrorKind::Invalid,
                    "a topic role is 1 to 64 of lower-case letters, digits, '-', '_' and '.'");
    }
    return {};
}

Status check_note(std::string_view note) {
    if (note.size() > kNoteBytesMax || !is_utf8(as_bytes(note)) ||
        std::ranges::any_of(note, is_control)) {
        return fail(ErrorKind::Invalid, "a note is up to 1024 bytes of text on one line");
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

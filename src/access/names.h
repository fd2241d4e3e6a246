// Roles and names as people write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bus/authenticator.h"

namespace kith::access {

/// Who came in without credentials.
inline constexpr std::string_view kAnonymousName = "anonymous";

/// In front of the issuer and subject of whoever came with a JSON web token.
inline constexpr std::string_view kJwtNamePrefix = "jwt:";

/// "admin", "operator", "viewer", "machine".
[[nodiscard]] std::string_view to_string(bus::Role role);
[[nodiscard]] std::optional<bus::Role> parse_role(std::string_view text);

/// True if `role` may do what `needed` may: admin > operator > viewer > machine.
[[nodiscard]] bool may(bus::Role role, bus::Role needed);

/// Names of users and tokens: 1 to 64 bytes of UTF-8, no control characters, no space at the ends.
[[nodiscard]] Status check_name(std::string_view name);

/// Names of machines: as above, and one level of a topic: no '/', '+' or '#', no '$' in front.
[[nodiscard]] Status check_machine_name(std::string_view name);

/// Names of topic roles as they are stored, with a space between, and as a list. A name has 1 to 64
/// lower-case letters, digits, '-', '_' and '.'; at most kTopicRolesMax of them.
[[nodiscard]] std::vector<std::string> split_topic_roles(std::string_view text);
[[nodiscard]] std::string join_topic_roles(const std::vector<std::string>& roles);
/// Errors: Invalid.
[[nodiscard]] Status check_topic_roles(const std::vector<std::string>& roles);

/// Text for people: up to kNoteBytesMax of UTF-8 without control characters. Errors: Invalid.
[[nodiscard]] Status check_note(std::string_view note);

/// Passwords that people choose: 8 to 1,024 bytes.
[[nodiscard]] Status check_password(std::string_view password);

}  // namespace kith::access

// Roles and names as people write them.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "bus/authenticator.h"

namespace kith::access {

/// "admin", "operator", "viewer", "machine".
[[nodiscard]] std::string_view to_string(bus::Role role);
[[nodiscard]] std::optional<bus::Role> parse_role(std::string_view text);

/// True if `role` may do what `needed` may: admin > operator > viewer > machine.
[[nodiscard]] bool may(bus::Role role, bus::Role needed);

/// Names of users and tokens: 1 to 64 bytes of UTF-8, no control characters, no space at the ends.
[[nodiscard]] Status check_name(std::string_view name);

/// Passwords that people choose: 8 to 1,024 bytes.
[[nodiscard]] Status check_password(std::string_view password);

}  // namespace kith::access

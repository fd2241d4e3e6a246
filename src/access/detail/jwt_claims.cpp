#include "access/detail/jwt_claims.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "access/limits.h"
#include "access/names.h"
#include "base/utf8.h"

namespace kith::access::detail {
namespace {

/// Seconds since 1970 at the end of the year 9999: later ends are mistakes.
constexpr double kNumericDateMax = 253'402'300'799.0;

tl::unexpected<Error> denied(const char* why) {
    return fail(ErrorKind::Denied, why);
}

/// RFC 7519, 2: NumericDate is a number of seconds, perhaps with a fraction. Nothing if the claim
/// is absent.
Result<std::optional<WallTime>> time_of(const json::View& claim) {
    if (!claim.exists()) {
        return std::nullopt;
    }
    const auto seconds = claim.number();
    if (!seconds || !std::isfinite(*seconds) || *seconds < 0 || *seconds > kNumericDateMax) {
        return denied("a time in the token is not a number of seconds");
    }
    return WallTime::from_ms(static_cast<std::int64_t>(*seconds * 1000));
}

/// Returns when the token ends.
Result<WallTime> check_times(const json::View& claims, WallTime now) {
    const auto leeway = std::chrono::duration_cast<std::chrono::milliseconds>(kJwtLeeway);
    TRY_ASSIGN(const auto expires, time_of(claims["exp"]));
    TRY_ASSIGN(const auto begins, time_of(claims["nbf"]));
    TRY_ASSIGN(const auto issued, time_of(claims["iat"]));
    if (!expires) {
        return denied("the token has no end");
    }
    const WallTime end = *expires + leeway;
    if (now >= end) {
        return denied("the token has expired");
    }
    if ((begins && now + leeway < *begins) || (issued && now + leeway < *issued)) {
        return denied("the token is not valid yet");
    }
    return end;
}

bool has_audience(const json::View& claim, const std::string& audience) {
    if (claim.text() == audience) {
        return true;
    }
    for (std::size_t i = 0; i < claim.size(); ++i) {
        if (claim.at(i).text() == audience) {
            return true;
        }
    }
    return false;
}

/// Text that may stand in a principal's name, in logs and in the audit.
bool is_plain(std::string_view text) {
    return !text.empty() && text.size() <= kJwtNameBytesMax && is_utf8(as_bytes(text)) &&
           std::ranges::none_of(text, [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte < 0x20 || byte == 0x7F;
           });
}

Result<bus::Role> role_of(const json::View& claims) {
    const json::View own = claims["kith_role"];
    const json::View claim = own.exists() ? own : claims["role"];
    if (!claim.exists()) {
        return bus::Role::Machine;
    }
    const auto role = parse_role(claim.text().value_or(""));
    if (!role) {
        return denied("the token's role is none that this node knows");
    }
    return *role;
}

/// A list of names, or names with spaces between them.
Result<std::vector<std::string>> topic_roles_of(const json::View& claim) {
    std::vector<std::string> roles;
    const auto refused = denied("the token's kith_topics are not names of topic roles");
    const auto add = [&roles](std::string_view name) {
        roles.emplace_back(name);
        return check_name(name).has_value() && name.find(' ') == std::string_view::npos &&
               roles.size() <= kJwtTopicRolesMax;
    };
    if (!claim.exists()) {
        return roles;
    }
    if (claim.is_array()) {
        for (std::size_t i = 0; i < claim.size(); ++i) {
            if (!add(claim.at(i).text().value_or(""))) {
                return refused;
            }
        }
        return roles;
    }
    std::string_view rest = claim.text().value_or("");
    if (rest.empty()) {
        return refused;
    }
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(' '), rest.size());
        if (end > 0 && !add(rest.substr(0, end))) {
            return refused;
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return roles;
}

/// Machines' names stand for one level of a topic.
bool is_machine_name(std::string_view name) {
    return check_name(name).has_value() && name.find_first_of("/+#") == std::string_view::npos &&
           name.front() != '$';
}

}  // namespace

Result<JwtIdentity> read_claims(const json::View& claims, const JwtRules& rules, WallTime now) {
    JwtIdentity identity;
    TRY_ASSIGN(identity.expires_at, check_times(claims, now));
    if (rules.issuer.empty() || claims["iss"].text() != rules.issuer) {
        return denied("the token is of another issuer");
    }
    if (rules.audience.empty() || !has_audience(claims["aud"], rules.audience)) {
        return denied("the token is for another audience");
    }
    const std::string_view subject = claims["sub"].text().value_or("");
    if (!is_plain(subject)) {
        return denied("the token's subject is missing or cannot be used");
    }
    identity.issuer = rules.issuer;
    identity.subject = subject;
    TRY_ASSIGN(identity.role, role_of(claims));
    TRY_ASSIGN(identity.topic_roles, topic_roles_of(claims["kith_topics"]));
    const std::string_view machine = claims[rules.machine_claim].text().value_or("");
    if (identity.role == bus::Role::Machine && is_machine_name(machine)) {
        identity.machine = machine;
    }
    return identity;
}

}  // namespace kith::access::detail

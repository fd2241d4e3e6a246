// How well this node is kept, as checks under the five headings of the NIST framework (Identify,
// Protect, Detect, Respond, Recover).
//
// Pure: facts and a time in, checks out. A check says what is true in words with numbers, and what
// to do where something is to be done; what cannot be known is said to be unknown, never passed for
// good. The ids are stable, and docs/guide/security.md explains each.
// Threads: any. Limits: facts are bounded by their sources (tokens, users, listeners).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/backend.h"
#include "bus/authenticator.h"

namespace kith::api {

/// A key that was not used for this long is one that nobody misses.
inline constexpr std::chrono::days kKeyIdle{90};
/// A certificate that the owner keeps is to be renewed when less than this is left.
inline constexpr std::chrono::days kCertificateSoon{30};
inline constexpr std::chrono::days kBackupOld{7};
/// More administrators than this are more than can be asked.
inline constexpr std::size_t kAdministratorsMany = 3;
/// Refusals and paused tries within this time count.
inline constexpr std::chrono::hours kLately{1};
inline constexpr std::uint64_t kDiskLowBytes = 1'000'000'000;
inline constexpr std::uint64_t kDiskVeryLowBytes = 200'000'000;

enum class CheckState : std::uint8_t { Ok, Unknown, Attention, Problem };  // in order of weight

[[nodiscard]] std::string_view to_string(CheckState state);

struct Check {
    std::string_view id;     // "protect.encryption"
    std::string_view title;  // what is asked, in a few words
    CheckState state = CheckState::Ok;
    std::string detail;     // what is true
    std::string fix;        // what to do; empty if there is nothing to do
    std::string_view link;  // the place in the console to do it; empty if it is not there
};

struct PostureHeading {
    std::string_view id;     // "identify"
    std::string_view title;  // "Identify"
    std::vector<Check> checks;
};

using Posture = std::array<PostureHeading, 5>;

/// A token as far as it matters here.
struct KeyFacts {
    bus::Role role = bus::Role::Machine;
    WallTime created_at;
    WallTime expires_at;  // 0 never
    std::optional<WallTime> last_used_at;
};

/// All that is judged.
struct PostureFacts {
    NodeFacts node;
    SecurityFacts security;
    std::vector<KeyFacts> keys;
    std::vector<bus::Role> users;
    std::uint64_t control_failures = 0;  // of the control store, since the start
    std::uint64_t control_checks = 0;
    std::optional<WallTime> sign_in_paused_at;  // when too many wrong passwords last met a pause
    std::optional<WallTime> last_backup_at;
    std::vector<std::string> limits_reached_lately;  // in words
    std::uint64_t clients_refused_lately = 0;
    std::string client_refused_last;  // its client id, or empty
    WallTime now;
};

[[nodiscard]] Posture assess(const PostureFacts& facts);

/// The weightiest state of all checks.
[[nodiscard]] CheckState worst_of(const Posture& posture);

/// Whole days until `end`, negative once it is over.
[[nodiscard]] std::int64_t days_until(WallTime end, WallTime now);

}  // namespace kith::api

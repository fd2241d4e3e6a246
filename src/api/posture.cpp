#include "api/posture.h"

#include <algorithm>

#include <fmt/format.h>

namespace kith::api {
namespace {

using enum CheckState;
using bus::Role;

constexpr std::string_view kKeysPage = "/security/keys";
constexpr std::string_view kUsersPage = "/security/users";
constexpr std::string_view kListenersPage = "/security#listeners";
constexpr std::string_view kCertificatesPage = "/security#certificates";
constexpr std::string_view kAuditPage = "/security/audit";
constexpr std::string_view kStoragePage = "/operations/storage";
constexpr std::string_view kBackupPage = "/operations/backup";

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string span_text(std::chrono::milliseconds span) {
    const auto minutes = std::chrono::floor<std::chrono::minutes>(span).count();
    if (minutes < 60) {
        return fmt::format("{} min", std::max<std::int64_t>(minutes, 0));
    }
    return minutes < 48 * 60 ? fmt::format("{} h", minutes / 60)
                             : fmt::format("{} d", minutes / (24 * 60));
}

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, ", "));
}

// --- Identify ------------------------------------------------------------------------------------

Check version_check(const PostureFacts& facts) {
    return {.id = "identify.version",
            .title = "The version is known",
            .state = facts.node.version.empty() ? Unknown : Ok,
            .detail = fmt::format("Kith {}, running for {}.", facts.node.version,
                                  span_text(facts.now - facts.node.started_at)),
            .fix = {},
            .link = "/operations"};
}

Check administrators_check(const PostureFacts& facts) {
    const auto users = static_cast<std::size_t>(std::ranges::count(facts.users, Role::Admin));
    const auto keys =
        static_cast<std::size_t>(std::ranges::count_if(facts.keys, [&](const KeyFacts& key) {
            return key.role == Role::Admin &&
                   (key.expires_at == WallTime() || key.expires_at > facts.now);
        }));
    Check check{
        .id = "identify.administrators",
        .title = "Few may do everything",
        .detail = fmt::format("{} and {} with the role admin.", counted(users, "user", "users"),
                              counted(keys, "key", "keys")),
        .fix = {},
        .link = kUsersPage};
    if (users + keys > kAdministratorsMany) {
        check.state = Attention;
        check.fix = "Give operator or viewer to whoever does not manage users and keys.";
    }
    return check;
}

/// When a key was last used is known since the start of the node only.
Check idle_keys_check(const PostureFacts& facts) {
    std::size_t idle = 0;
    std::size_t unsure = 0;
    for (const KeyFacts& key : facts.keys) {
        const bool is_young = facts.now - key.created_at < kKeyIdle;
        const bool was_used = key.last_used_at && facts.now - *key.last_used_at < kKeyIdle;
        if (!is_young && !was_used) {
            const bool is_sure = key.last_used_at || facts.now - facts.node.started_at >= kKeyIdle;
            ++(is_sure ? idle : unsure);
        }
    }
    Check check{.id = "identify.idle_keys",
                .title = "Keys are in use",
                .detail = facts.keys.empty() ? "No key has been made."
                                             : "Every key is younger than 90 d or was used since.",
                .fix = {},
                .link = kKeysPage};
    if (idle > 0) {
        check.state = Attention;
        check.detail = counted(idle, "key was", "keys were") + " not used for 90 d.";
        check.fix = "Revoke what nobody uses; a new key takes a moment.";
    } else if (unsure > 0) {
        check.state = Unknown;
        check.detail = fmt::format(
            "{} older than 90 d and not used since the node started {} ago; before that is not "
            "known.",
            counted(unsure, "key is", "keys are"), span_text(facts.now - facts.node.started_at));
        check.fix = "Look at their last use again later, or revoke them.";
    }
    return check;
}

// --- Protect -------------------------------------------------------------------------------------

Check encryption_check(const PostureFacts& facts) {
    std::vector<std::string> open;
    for (const ListenerFacts& listener : facts.node.listeners) {
        if (listener.is_insecure) {
            open.push_back(fmt::format("{} at {}", listener.kind, listener.address));
        }
    }
    Check check{.id = "protect.encryption",
                .title = "Connections from other hosts are encrypted",
                .detail = "Every listener off loopback speaks TLS.",
                .fix = {},
                .link = kListenersPage};
    if (!open.empty()) {
        check.state = Problem;
        check.detail = joined(open) + ": passwords, keys and values can be read on the network.";
        check.fix = "Use mqtts or https there, and remove `insecure = true`.";
    }
    return check;
}

Check anonymous_check(const PostureFacts& facts) {
    std::vector<std::string> open;
    bool is_local = false;
    for (const ListenerFacts& listener : facts.node.listeners) {
        is_local = is_local || listener.allows_anonymous;
        if (listener.allows_anonymous && listener.is_insecure) {
            open.push_back(listener.address);
        }
    }
    Check check{.id = "protect.anonymous",
                .title = "Who connects says who they are",
                .detail = is_local ? "MQTT from this computer needs no credentials; from elsewhere "
                                     "it does."
                                   : "Every connection needs credentials.",
                .fix = {},
                .link = kListenersPage};
    if (!open.empty()) {
        check.state = Attention;
        check.detail = fmt::format(
            "MQTT at {} is open to other hosts, and programs on this computer need no credentials.",
            joined(open));
        check.fix = "Set `mqtt.anonymous = false`.";
    }
    return check;
}

Check key_expiry_check(const PostureFacts& facts) {
    const auto endless =
        static_cast<std::size_t>(std::ranges::count_if(facts.keys, [](const KeyFacts& key) {
            return key.expires_at == WallTime() &&
                   (key.role == Role::Admin || key.role == Role::Operator);
        }));
    Check check{.id = "protect.key_expiry",
                .title = "Keys that may change things end",
                .detail = "Every key with the role admin or operator has an end.",
                .fix = {},
                .link = kKeysPage};
    if (endless > 0) {
        check.state = Attention;
        check.detail = counted(endless, "key", "keys") + " with the role admin or operator " +
                       (endless == 1 ? "never ends." : "never end.");
        check.fix = "Make one that ends, let the program use it, then revoke the old one.";
    }
    return check;
}

Check certificate_check(const PostureFacts& facts) {
    Check check{.id = "protect.certificate",
                .title = "Certificates are valid",
                .state = Unknown,
                .detail = "No certificate could be read.",
                .fix = {},
                .link = kCertificatesPage};
    const CertificateStatus* first = nullptr;
    for (const CertificateStatus& certificate : facts.security.certificates) {
        if (first == nullptr || certificate.not_after < first->not_after) {
            first = &certificate;
        }
    }
    if (first == nullptr) {
        return check;
    }
    const std::int64_t days = days_until(first->not_after, facts.now);
    check.state = days < 0 ? Problem : days < kCertificateSoon.count() ? Attention : Ok;
    check.detail = days < 0 ? fmt::format("The {} certificate ended {} d ago.", first->use, -days)
                            : fmt::format("The {} certificate, which ends first, has {} d left.",
                                          first->use, days);
    if (check.state != Ok) {
        check.fix = first->is_own ? "Send the node SIGHUP, or start it again: it makes a new one."
                                  : "Put a new certificate in its file and send the node SIGHUP.";
    }
    return check;
}

Check files_check(const PostureFacts& facts) {
    Check check{.id = "protect.files",
                .title = "Files are the node's alone",
                .detail = "Nobody else can read the data directory, its stores or its keys.",
                .fix = {},
                .link = {}};
    if (!facts.security.exposed_files.empty()) {
        check.state = Problem;
        check.detail =
            "Other users of this computer can read " + joined(facts.security.exposed_files) + ".";
        check.fix = "chmod 700 the data directory, and 600 the files in it.";
    }
    return check;
}

// --- Detect --------------------------------------------------------------------------------------

Check audit_check(const PostureFacts& facts) {
    Check check{.id = "detect.audit",
                .title = "Changes are written down",
                .detail = "The audit log takes every change of users, keys and roles.",
                .fix = {},
                .link = kAuditPage};
    if (facts.control_failures > 0) {
        check.state = Attention;
        check.detail = fmt::format("The store of users, keys and audit failed {} since the start.",
                                   counted(facts.control_failures, "time", "times"));
        check.fix = "Read the node's log for the reason; see that the disk is well.";
    }
    return check;
}

Check sign_in_check(const PostureFacts& facts) {
    Check check{.id = "detect.sign_in",
                .title = "Nobody tries passwords",
                .detail = "No sign-in was paused within the last hour.",
                .fix = {},
                .link = kAuditPage};
    if (facts.sign_in_paused_at && facts.now - *facts.sign_in_paused_at < kLately) {
        check.state = Attention;
        check.detail = fmt::format("Too many wrong passwords met a pause, last {} ago.",
                                   span_text(facts.now - *facts.sign_in_paused_at));
        check.fix = "See in the audit from where, and whether you know them.";
    }
    return check;
}

Check refused_check(const PostureFacts& facts) {
    Check check{.id = "detect.refused",
                .title = "No machine is turned away",
                .detail = "No machine was refused within the last hour.",
                .fix = {},
                .link = "/security/machines"};
    if (facts.clients_refused_lately > 0) {
        check.state = Attention;
        check.detail = fmt::format(
            "{} refused within the last hour{}.",
            counted(facts.clients_refused_lately, "connection was", "connections were"),
            facts.client_refused_last.empty() ? "" : ", last " + facts.client_refused_last);
        check.fix = "Give the machine a new credential, or find out who it is.";
    }
    return check;
}

Check limits_check(const PostureFacts& facts) {
    const std::vector<std::string>& reached = facts.limits_reached_lately;
    Check check{.id = "detect.limits",
                .title = "Nobody reaches a limit",
                .detail = "No limit was reached within the last hour.",
                .fix = {},
                .link = "/operations/limits"};
    if (!reached.empty()) {
        check.state = Attention;
        check.detail = fmt::format("Within the last hour: {}.", fmt::join(reached, "; "));
        check.fix = "Find out who does that; a limit that is too tight has a key.";
    }
    return check;
}

Check log_check(const PostureFacts& facts) {
    const std::string& level = facts.security.log_level;
    Check check{.id = "detect.log",
                .title = "The log says enough",
                .detail = fmt::format("The log level is {}.", level),
                .fix = {},
                .link = "/operations"};
    if (level != "info" && level != "debug" && level != "trace") {
        check.state = Attention;
        check.detail += " Who connects and who is refused is not in it.";
        check.fix = "Set `log.level = \"info\"` and send the node SIGHUP.";
    }
    return check;
}

// --- Respond -------------------------------------------------------------------------------------

Check responder_check(const PostureFacts& facts) {
    const auto users = static_cast<std::size_t>(std::ranges::count(facts.users, Role::Admin));
    Check check{.id = "respond.administrator",
                .title = "Somebody can act",
                .detail = counted(users, "administrator can", "administrators can") + " sign in.",
                .fix = {},
                .link = kUsersPage};
    if (users == 0) {
        check.state = Problem;
        check.detail = "No administrator can sign in.";
        check.fix = "Start the node again and open its claim link, or run: kith user add.";
    }
    return check;
}

Check changes_check(const PostureFacts& facts) {
    Check check{.id = "respond.revocation",
                .title = "What is revoked ends at once",
                .detail =
                    "Users and keys are read from the store every 2 s; who lost a right is "
                    "disconnected.",
                .fix = {},
                .link = kKeysPage};
    if (facts.control_checks == 0) {
        check.state = Unknown;
        check.detail = "The store of users and keys has not been read yet.";
    } else if (facts.control_failures > 0) {
        check.state = Attention;
        check.detail = fmt::format(
            "Reading or writing users and keys failed {}: a change may take effect late.",
            counted(facts.control_failures, "time", "times"));
        check.fix = "Read the node's log for the reason; see that the disk is well.";
    }
    return check;
}

// --- Recover -------------------------------------------------------------------------------------

Check store_check(const PostureFacts& facts) {
    Check check{.id = "recover.store",
                .title = "The store writes",
                .detail = "What was acknowledged is on disk.",
                .fix = {},
                .link = kStoragePage};
    if (!facts.node.is_store_healthy) {
        check.state = Problem;
        check.detail = "The store cannot write: " + facts.node.store_reason + ".";
        check.fix = "Repair what it names; the node goes on by itself.";
    }
    return check;
}

Check backup_check(const PostureFacts& facts) {
    Check check{.id = "recover.backup",
                .title = "There is a recent backup",
                .detail = {},
                .fix = {},
                .link = kBackupPage};
    if (!facts.last_backup_at) {
        check.state = Attention;
        check.detail = "No backup is known to this node.";
        check.fix = "Make one, keep it elsewhere, and have `kith backup` run every night.";
        return check;
    }
    const auto age = facts.now - *facts.last_backup_at;
    check.detail = fmt::format("The last one was made {} ago.", span_text(age));
    if (age > kBackupOld) {
        check.state = Attention;
        check.fix = "Make one now, and have `kith backup` run every night.";
    }
    return check;
}

Check disk_check(const PostureFacts& facts) {
    const std::uint64_t free = facts.security.disk_free_bytes;
    Check check{
        .id = "recover.disk",
        .title = "The disk has room",
        .state = free < kDiskVeryLowBytes ? Problem
                 : free < kDiskLowBytes   ? Attention
                                          : Ok,
        .detail = fmt::format("{:.1f} GB of {:.1f} GB are free.", static_cast<double>(free) / 1e9,
                              static_cast<double>(facts.security.disk_bytes) / 1e9),
        .fix = {},
        .link = kStoragePage};
    if (facts.security.disk_bytes == 0) {
        check.state = Unknown;
        check.detail = "The system does not say how much room the disk has.";
    } else if (check.state != Ok) {
        check.fix = "Make room: a full disk stops what wants to be durable.";
    }
    return check;
}

}  // namespace

std::string_view to_string(CheckState state) {
    switch (state) {
        case Ok:
            return "ok";
        case Attention:
            return "attention";
        case Problem:
            return "problem";
        case Unknown:
            return "unknown";
    }
    return "unknown";
}

Posture assess(const PostureFacts& facts) {
    return {
        {{.id = "identify",
          .title = "Identify",
          .checks = {version_check(facts), administrators_check(facts), idle_keys_check(facts)}},
         {.id = "protect",
          .title = "Protect",
          .checks = {encryption_check(facts), anonymous_check(facts), key_expiry_check(facts),
                     certificate_check(facts), files_check(facts)}},
         {.id = "detect",
          .title = "Detect",
          .checks = {audit_check(facts), sign_in_check(facts), refused_check(facts),
                     limits_check(facts), log_check(facts)}},
         {.id = "respond",
          .title = "Respond",
          .checks = {responder_check(facts), changes_check(facts)}},
         {.id = "recover",
          .title = "Recover",
          .checks = {store_check(facts), backup_check(facts), disk_check(facts)}}}};
}

CheckState worst_of(const Posture& posture) {
    CheckState worst = Ok;
    for (const PostureHeading& heading : posture) {
        for (const Check& check : heading.checks) {
            worst = std::max(worst, check.state);
        }
    }
    return worst;
}

std::int64_t days_until(WallTime end, WallTime now) {
    return std::chrono::floor<std::chrono::days>(end - now).count();
}

}  // namespace kith::api

// /metrics: what the node counts, in the text format of Prometheus (version 0.0.4).
//
// Names are `kith_` + what is counted + unit + `_total` for what only grows; each has HELP and
// TYPE. They are listed in docs/reference/metrics.md and must not change.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "access/accounts.h"
#include "access/password_desk.h"
#include "access/registry.h"
#include "access/sign_in.h"
#include "api/backend.h"
#include "api/backups.h"

namespace kith::api {

/// What the API counts about itself.
struct ApiCounters {
    std::uint64_t connections_accepted = 0;
    std::uint64_t connections_turned_away = 0;
    std::uint64_t responses_2xx = 0;  // 1xx and 3xx too
    std::uint64_t responses_4xx = 0;
    std::uint64_t responses_5xx = 0;
    std::uint64_t refused_host = 0;
    std::uint64_t refused_origin = 0;
    std::uint64_t refused_csrf = 0;
    std::uint64_t refused_timeout = 0;
    std::uint64_t refused_limit = 0;  // bodies and heads too long
    std::uint64_t live_updates_conflated = 0;
    std::uint64_t live_messages_skipped = 0;
    std::uint64_t live_events_dropped = 0;
    // Now.
    std::uint64_t connections = 0;
    std::uint64_t live_clients = 0;
};

struct MetricsView {
    const Totals& totals;
    const ApiCounters& api;
    const access::SignInCounters& sign_in;
    const access::RegistryCounters& registry;
    const BackupFacts& backups;
    const access::PasswordCounters& passwords;
    const access::AccountsCounters& accounts;
    std::size_t sessions;  // of the console
    bool is_store_healthy;
    std::uint64_t uptime_s;
    const std::string& version;
    WallTime now = {};
    std::vector<CertificateStatus> certificates = {};
    MeshFacts mesh = {};
};

[[nodiscard]] std::string metrics_text(const MetricsView& view);

}  // namespace kith::api

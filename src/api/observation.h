// What the API asks of the node to see closely: traces of messages, slow clients, logs of packets.
//
// A part of the Backend, which hands it out. Every call is made on the API's shard; what is
// answered by a callback comes there too. Threads: shard-local (the API's shard). Limits: below,
// and broker::kTracesMax traces at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "broker/observe.h"
#include "broker/trace.h"

namespace kith::api {

/// A trace ends after this long, or with as many events; ended ones are kept, the newest.
inline constexpr std::int64_t kTraceSecondsDefault = 60;
inline constexpr std::int64_t kTraceSecondsMax = 3600;
inline constexpr std::int64_t kTraceEventsDefault = 1000;
inline constexpr std::int64_t kTraceEventsMax = 5000;
inline constexpr std::size_t kTracesKeptMax = 8;

/// Clients whose packets are logged at a time, for how long, and how many packets are kept of each.
inline constexpr std::size_t kLoggedClientsMax = 16;
inline constexpr std::int64_t kLogSecondsDefault = 600;
inline constexpr std::int64_t kLogSecondsMax = 24 * 3600;
inline constexpr std::size_t kLoggedPacketsMax = 500;

/// What to follow: exactly one of `topic` (a filter) and `client` is not empty.
struct TraceOrder {
    std::string topic;
    std::string client;
    std::int64_t seconds = kTraceSecondsDefault;
    std::int64_t events_max = kTraceEventsDefault;
    bool with_payload = false;
    std::string started_by;  // "user:anna"
};

struct TraceFacts {
    std::string id;
    TraceOrder order;
    WallTime started_at;
    WallTime ends_at;  // or ended
    bool is_running = true;
    std::string end_reason;  // empty while it runs
    std::size_t event_count = 0;
};

/// Events as they arrived, from a place on, then put in order.
struct TracePage {
    TraceFacts facts;
    std::vector<broker::TraceEvent> events;
    std::size_t next = 0;  // the place behind them
};

struct LoggedPacket {
    WallTime at;
    bool is_from_client = true;
    std::string type;             // "PUBLISH"
    std::uint16_t packet_id = 0;  // 0: none
    std::string text;
};

struct LoggedClient {
    std::string client;
    std::string started_by;
    WallTime ends_at;
    std::uint64_t packet_count = 0;  // since it began; the last of them are kept
    std::deque<LoggedPacket> packets;
};

class Observation {
  public:
    virtual ~Observation() = default;

    /// Errors: Invalid (the filter), Limit (as many run as can).
    [[nodiscard]] virtual Result<TraceFacts> start_trace(const TraceOrder& order) = 0;
    /// The newest first.
    [[nodiscard]] virtual std::vector<TraceFacts> traces() const = 0;
    [[nodiscard]] virtual std::optional<TracePage> trace(const std::string& id, std::size_t from,
                                                         std::size_t count_max) const = 0;
    /// Ends and forgets it. Errors: NotFound.
    [[nodiscard]] virtual Status remove_trace(const std::string& id) = 0;

    virtual void slow_clients(std::function<void(std::vector<broker::SlowClientView>)> done) = 0;

    struct LogOrder {
        std::string client;
        std::int64_t seconds = kLogSecondsDefault;
        std::string started_by;
    };
    /// Begins, or goes on until later. Errors: Limit.
    [[nodiscard]] virtual Status log_client(const LogOrder& order) = 0;
    [[nodiscard]] virtual std::vector<const LoggedClient*> logged_clients() const = 0;
    /// Null if it is not logged.
    [[nodiscard]] virtual const LoggedClient* logged_client(const std::string& client) const = 0;
    /// Errors: NotFound.
    [[nodiscard]] virtual Status end_log(const std::string& client) = 0;
};

}  // namespace kith::api

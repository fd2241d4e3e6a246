// Where log lines go: standard error, by spdlog, as text for people or JSON for machines.
//
//     2026-04-01T08:42:17.204Z info  client connected client=press-07 address=10.0.0.3:5123
//     {"ts":"2026-04-01T08:42:17.204Z","level":"info","event":"client
//     connected","client":"press-07"}
//
// Values with spaces or quotes are quoted in text; control characters are escaped in both, so that
// a client id cannot forge a line. Threads: thread-safe (spdlog's lock).
#pragma once

#include "base/log.h"
#include "base/time.h"
#include "node/config.h"

#include <memory>
#include <string>

namespace kith::node {

[[nodiscard]] std::unique_ptr<LogSink> make_stderr_log(LogFormat format);

struct LogEntry {
    WallTime at;
    LogLevel level = LogLevel::Info;
    std::string_view event;
    std::span<const LogField> fields;
};

/// One line without its end, as the sink writes it.
[[nodiscard]] std::string format_line(LogFormat format, const LogEntry& entry);

}  // namespace kith::node

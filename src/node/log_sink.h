// Where log lines go: standard error, by spdlog, as text for people or JSON for machines.
//
//     2026-04-01T08:42:17.204Z info  client connected client=press-07 address=10.0.0.3:5123
//     {"ts":"2026-04-01T08:42:17.204Z","level":"info","event":"client
//     connected","client":"press-07"}
//
// Values with spaces or quotes are quoted in text; control characters are escaped in both, so that
// a client id cannot forge a line. Threads: thread-safe (spdlog's lock).
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "base/time.h"
#include "node/config.h"

namespace kith::node {

[[nodiscard]] std::unique_ptr<LogSink> make_stderr_log(LogFormat format);

/// One line without its end, as the sink writes it.
[[nodiscard]] std::string format_line(LogFormat format, WallTime at, LogLevel level,
                                      std::string_view event, std::span<const LogField> fields);

}  // namespace kith::node

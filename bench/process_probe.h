// What a process, or this thread, has used: CPU time and resident memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace kith::bench {

struct ProcessUse {
    Duration cpu{};  // user and system, all threads
    std::uint64_t rss_bytes = 0;
};

/// Threads: shard-local.
class ProcessProbe {
  public:
    virtual ~ProcessProbe() = default;
    /// Errors: NotFound if the process is gone.
    [[nodiscard]] virtual Result<ProcessUse> read() = 0;
};

/// Reads /proc/PID. Errors: NotFound.
[[nodiscard]] Result<std::unique_ptr<ProcessProbe>> make_process_probe(int pid);

/// CPU time of the thread that reads it, to the nanosecond; no memory.
[[nodiscard]] std::unique_ptr<ProcessProbe> make_thread_probe();

/// utime + stime of a line of /proc/PID/stat, in clock ticks. Errors: Malformed.
[[nodiscard]] Result<std::uint64_t> parse_stat_ticks(std::string_view text);
/// VmRSS of /proc/PID/status, in bytes. Errors: Malformed.
[[nodiscard]] Result<std::uint64_t> parse_status_rss(std::string_view text);

}  // namespace kith::bench

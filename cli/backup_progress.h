// What `kith backup` and `kith restore` say while they work and when they are done.
#pragma once

#include "node/backup_archive.h"

#include <chrono>
#include <string>
#include <string_view>

namespace kith::cli {

/// A line on stderr every other second, so that short work says nothing. Threads: one.
class BackupProgress {
  public:
    /// Never breaks off.
    bool operator()(std::string_view what, std::uint64_t bytes_done, std::uint64_t bytes_total);

  private:
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

struct BackupReport {
    std::string_view what;
    std::string_view file;
    bool as_json = false;
};

void print_backup(const BackupReport& report, const node::BackupManifest& manifest);

}  // namespace kith::cli

// Lets `kith backup` have a copy of messages.db from a running node, which nobody else can read.
//
// A thread listens on backup.sock in the data directory, which only the node's owner can enter. Who
// connects gets lines: "progress DONE TOTAL" in bytes, then "ready" once messages.db.copy is whole,
// or "failed REASON". The copy is made in small steps between commits, by the journal's thread, and
// written to disk step by step, so that no commit waits for it long. The copy goes when the asker
// closes the connection.
// Threads: made and ended by one thread; its own thread does the work. Limits: one copy at a time,
// others wait in the socket's queue.
#pragma once

#include "base/log.h"
#include "node/node_directory.h"
#include "storage/journal.h"
#include "storage/sqlite/store_files.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace kith::node {

inline constexpr std::string_view kBackupSocket = "backup.sock";
inline constexpr std::string_view kMessagesCopy = "messages.db.copy";
inline constexpr std::string_view kControlCopy = "control.db.copy";

class BackupService {
  public:
    /// Requires: `journal`, `data` and `log` outlive it; `data` is locked.
    [[nodiscard]] static OrProblem<std::unique_ptr<BackupService>> start(const NodeDirectory& data,
                                                                         storage::Journal& journal,
                                                                         const Log& log);
    /// A copy under way is broken off.
    ~BackupService();
    BackupService(const BackupService&) = delete;
    BackupService& operator=(const BackupService&) = delete;

  private:
    struct Impl;
    explicit BackupService(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// The other side: a connection to the service of the node that runs in `data`.
class BackupClient {
  public:
    [[nodiscard]] static OrProblem<BackupClient> connect(const NodeDirectory& data);
    BackupClient(BackupClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    BackupClient& operator=(BackupClient&&) = delete;
    ~BackupClient();

    /// Waits until the copy is whole. It stays as long as this object.
    [[nodiscard]] OrProblem<void> wait_for_copy(const storage::CopyListener& on_progress);

  private:
    explicit BackupClient(int fd) : fd_(fd) {}
    int fd_;
};

}  // namespace kith::node

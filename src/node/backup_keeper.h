// Backups that are made on request, and kept: the node's side of api/backups.h.
//
// They are made as `kith backup` makes them, on a thread of their own, into a directory with mode
// 0700; of the files there the newest few are kept. A node that stops breaks off what it makes.
// Threads: shard-local (the API's shard). Limits: one at a time; kept_count files.
#pragma once

#include "api/backups.h"
#include "base/log.h"
#include "runtime/blocking_pool.h"
#include "runtime/shard.h"

#include <atomic>
#include <memory>
#include <string>

namespace kith::node {

/// Below the data directory, unless configured.
inline constexpr std::string_view kBackupDirectory = "backups";

struct BackupKeeperOptions {
    std::string data_directory;
    std::string directory;  // empty: kBackupDirectory in the data directory
    std::uint32_t kept_count = 3;
};

class BackupKeeper final : public api::Backups {
  public:
    /// Requires: `shard` and `log` outlive it; `shard` does not run any more when it goes.
    BackupKeeper(runtime::Shard& shard, const BackupKeeperOptions& options, const Log& log);
    ~BackupKeeper() override;

    // api::Backups
    [[nodiscard]] Status start(Done done) override;
    [[nodiscard]] api::BackupFacts facts() const override;
    [[nodiscard]] Result<api::BackupFile> open() override;

    /// Breaks off what is under way. Any thread.
    void stop() { work_->is_stopping = true; }

  private:
    /// What the two threads share.
    struct Work {
        std::atomic<std::uint64_t> bytes_done = 0;
        std::atomic<std::uint64_t> bytes_total = 0;
        std::atomic<bool> is_stopping = false;
    };

    /// On the pool's thread.
    [[nodiscard]] static api::BackupRun make(const BackupKeeperOptions& options, WallTime now,
                                             Work& work);
    void on_made(api::BackupRun run, const Done& done);

    runtime::Shard& shard_;
    BackupKeeperOptions options_;
    const Log& log_;
    // shared_ptr: the work may end when this has gone.
    std::shared_ptr<Work> work_ = std::make_shared<Work>();
    api::BackupFacts facts_;
    std::unique_ptr<runtime::BlockingPool> read_pool_;
    std::unique_ptr<runtime::BlockingPool> pool_;
};

}  // namespace kith::node

// Backups of the node, as the API asks for them; the node makes them (node/backup_keeper.h).
//
// Threads: shard-local (the API's shard). Limits: one backup at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace kith::api {

/// A backup that was made, or was to be made.
struct BackupRun {
    WallTime started_at;
    WallTime ended_at;
    std::string file;  // its name, in the directory of backups
    std::uint64_t bytes = 0;
    std::string problem;  // why there is none; empty if there is
};

struct BackupFacts {
    bool is_running = false;
    /// Of the one that runs.
    WallTime started_at;
    std::uint64_t bytes_done = 0;
    std::uint64_t bytes_total = 0;
    /// Since the node started, or a file that was there before.
    std::optional<BackupRun> last;
    std::uint64_t made_count = 0;
    std::uint64_t failed_count = 0;
};

/// The content of a file, piece by piece, read off the loop.
class ByteSource {
  public:
    virtual ~ByteSource() = default;
    [[nodiscard]] virtual std::uint64_t size_bytes() const = 0;
    /// The next piece; empty at the end. One at a time. `done` is not called once this has gone.
    virtual void read(std::size_t bytes_max, std::function<void(Result<std::string>)> done) = 0;
};

struct BackupFile {
    std::string name;
    std::unique_ptr<ByteSource> content;
};

class Backups {
  public:
    virtual ~Backups() = default;
    using Done = std::function<void(const BackupRun& run)>;
    /// `done` is called when it was made, or failed; not if the node stops before. Errors: Conflict
    /// while one is being made, Limit.
    [[nodiscard]] virtual Status start(Done done) = 0;
    [[nodiscard]] virtual BackupFacts facts() const = 0;
    /// The newest that is there. Errors: NotFound.
    [[nodiscard]] virtual Result<BackupFile> open() = 0;
};

}  // namespace kith::api

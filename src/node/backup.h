// Backups of a node: made while it runs or not, and brought back as a whole node.
//
// A backup holds everything acknowledged before it began, and what makes the node itself: users,
// tokens, TLS keys. It appears under its name whole, synced and readable by its owner only, or not
// at all; so does a restored directory. docs/guide/backup.md.
// Threads: one, which blocks. Limits: kBackupReserveBytes stay free in the data directory, where
// a second copy of the stores lies meanwhile.
#pragma once

#include "base/time.h"
#include "node/backup_archive.h"
#include "node/problem.h"

#include <string>

namespace kith::node {

enum class Overwrite : std::uint8_t { No, Yes };

/// Bytes that a backup leaves free in the data directory, so that the node does not run out of disk
/// because of it.
inline constexpr std::uint64_t kBackupReserveBytes = 64 * 1024 * 1024;

struct BackupOptions {
    std::string data_directory;
    std::string file;
    Overwrite overwrite = Overwrite::No;
    WallTime now;
    std::uint64_t reserve_bytes = kBackupReserveBytes;
};

struct RestoreOptions {
    std::string file;
    std::string data_directory;
    Overwrite overwrite = Overwrite::No;
};

[[nodiscard]] OrProblem<BackupManifest> make_backup(const BackupOptions& options,
                                                    const BackupListener& listener);

/// Verifies the backup before anything in the data directory is touched.
[[nodiscard]] OrProblem<BackupManifest> restore_backup(const RestoreOptions& options,
                                                       const BackupListener& listener);

}  // namespace kith::node

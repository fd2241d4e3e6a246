// A backup as a file: a tar archive (POSIX ustar) of the files that make a node, and at its end
// manifest.json, which says what is in it. docs/formats/backup.md.
//
// What is read is checked before it is believed: names are those below and nothing else, sizes fit
// the archive, digests are those of the manifest. A file without its manifest was cut off.
// Threads: one. Limits: kManifestBytesMax.
#pragma once

#include "base/time.h"
#include "node/problem.h"

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kith::node {

/// What a backup may contain, in this order; those of the stores must be there.
inline constexpr std::array<std::string_view, 8> kBackupFiles = {
    "messages.db", "control.db", "ca.pem",      "ca.key",
    "node.pem",    "node.key",   "clients.pem", "clients.key"};
inline constexpr std::size_t kBackupStoreCount = 2;

struct BackupFile {
    std::string name;
    std::uint64_t bytes = 0;
    std::string sha256;               // hexadecimal
    std::int64_t schema_version = 0;  // of a store, else 0
};

struct BackupManifest {
    std::string version;  // of the program
    std::string node;     // the data directory, for people
    WallTime created_at;
    std::vector<BackupFile> files;
};

/// Bytes of all files, so far and in the end; false breaks off.
using BackupListener =
    std::function<bool(std::string_view what, std::uint64_t bytes_done, std::uint64_t bytes_total)>;

/// Where the content of each file of the manifest lies; bytes and sha256 are filled in.
struct BackupSource {
    BackupFile file;
    std::string path;
};

/// Writes to `fd`, not synced.
[[nodiscard]] OrProblem<BackupManifest> write_backup(int fd, BackupManifest manifest,
                                                     const std::vector<BackupSource>& sources,
                                                     const BackupListener& listener);

/// Reads the archive from `fd` into new files in the directory, mode 0600 and synced, and returns
/// the manifest that they agree with. Problems are phrases that say what is wrong with the archive;
/// then some of the files may be there.
[[nodiscard]] OrProblem<BackupManifest> read_backup(int fd, const std::string& directory,
                                                    const BackupListener& listener);

}  // namespace kith::node

// The SQLite stores' limits, each with its unit and its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kith::storage::detail {

/// Pages in the write-ahead log, of 4 KiB, from which it is written back into the database between
/// two commits: little enough that a commit behind it does not wait long.
inline constexpr int kCheckpointFrames = 1000;

/// Pages in the log above which a commit waits until it has been written back: some 64 MiB.
inline constexpr int kLogFramesMax = 16 * 1000;

/// Ids by which a mark on disk runs ahead of the highest id used. A restart skips up to so many.
inline constexpr std::uint64_t kMarkStep = 64 * 1024;

/// How long a call waits for another process that writes control.db, in milliseconds.
inline constexpr int kControlWaitMs = 5000;

}  // namespace kith::storage::detail

// The stores' limits, each with its unit and its reason.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace kith::storage {

/// Memory that a cleared batch keeps, in bytes: a busy loop turn fits, a rare giant does not stay.
inline constexpr std::size_t kBatchKeptBytesMax = 256 * 1024;

/// Memory of empty batches that a journal keeps for reuse, in bytes a shard: one large batch or
/// several usual ones. What gathered while a disk was slow goes.
inline constexpr std::size_t kSpareBytesPerShardMax = kBatchKeptBytesMax;

/// Batches for which a journal keeps a place between commits.
inline constexpr std::size_t kPlacesKeptMax = 1024;

/// Bytes of batches in one transaction, so that a backlog does not become one endless commit. A
/// larger batch is a transaction of its own.
inline constexpr std::size_t kGroupBytesMax = 4 * 1024 * 1024;

/// Bytes of a mark's key, which names one thing such as the stream of one origin, and of its value:
/// a position with what is open around it. Larger would be content, not a note beside it.
inline constexpr std::size_t kMarkKeyBytesMax = 64;
inline constexpr std::size_t kMarkValueBytesMax = 64 * 1024;

/// Reads of queues between two commits, so that clients who catch up do not hold up publishers.
inline constexpr std::size_t kReadsBetweenCommitsMax = 8;

/// Rows of one queue that are looked at between two commits: about a millisecond.
inline constexpr std::size_t kQueueRowsSeenMax = 1024;

/// Waits between tries of a store that cannot write: doubled from the first to the last.
inline constexpr Duration kRetryWaitMin = 10ms;
inline constexpr Duration kRetryWaitMax = 5s;

/// A commit or a read under way for so long without an error means a disk that hangs, for a busy
/// one takes a fraction of that; and how often it is looked at.
inline constexpr Duration kSlowCommit = 5s;
inline constexpr Duration kCommitLookInterval = 1s;

/// Failed tries after which a journal that is being closed gives up. With the waits above it takes
/// less than the 5 s that a stopping node has.
inline constexpr std::uint32_t kCloseTriesMax = 5;

/// Bytes of messages.db that a copy takes between two commits: 1 MiB, about a millisecond.
inline constexpr std::size_t kCopyStepBytes = 1024 * 1024;

/// Bytes of a shared file that are copied at once, without letting others write in between. More
/// than control.db has with all its tables full would need several steps.
inline constexpr std::size_t kSharedCopyBytesMax = std::size_t{1} << 30;

/// Tokens, users and settings of the control plane, and the bytes of one text in them: people and
/// tools write them by hand.
inline constexpr std::size_t kTokensMax = 10'000;
inline constexpr std::size_t kUsersMax = 10'000;
inline constexpr std::size_t kSettingsMax = 10'000;
inline constexpr std::size_t kControlTextBytesMax = 64 * 1024;

/// Machines with credentials and their certificates: a large fleet. They are looked up by index, so
/// this bounds the disk (about 500 bytes each), not memory.
inline constexpr std::size_t kMachinesMax = 1'000'000;
inline constexpr std::size_t kCertificatesMax = 1'000'000;

/// Roles that people define, and claim codes that wait for their devices: one for each box that is
/// shipped, or one for many.
inline constexpr std::size_t kRolesMax = 1'000;
inline constexpr std::size_t kClaimCodesMax = 10'000;

/// Records in one page of a list, so that one call holds the store for milliseconds only: a
/// thousand rows of an answer and one that says that there are more.
inline constexpr std::size_t kPageRecordsMax = 1'001;

/// Changes that are remembered for readers: far more than come between two looks.
inline constexpr std::size_t kChangesMax = 100'000;

/// Audit records that are kept; the oldest go first.
inline constexpr std::size_t kAuditRecordsMax = 100'000;

}  // namespace kith::storage

// The SQLite stores' limits, each with its unit and its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kith::storage::detail {

/// The log may grow to so many times SqliteOptions::log_pages_max while it cannot be written back;
/// above that a commit waits until it has been. 64 MiB as a rule.
inline constexpr std::uint32_t kLogOverrunMax = 16;

/// Ids by which an id mark on disk runs ahead of the highest id used. A restart skips up to so
/// many.
inline constexpr std::uint64_t kIdMarkStep = 64 * 1024;

/// Messages and deliveries of one group for which memory is kept until the next: a busy group fits,
/// and a backlog does not leave an idle node with megabytes.
inline constexpr std::size_t kFreshKeptMax = 4096;

}  // namespace kith::storage::detail

// A SQLite VFS whose disk loses power, runs full and fails, at a moment that the test chooses.
//
// Registered under a name of its own; a database opened with that VFS lives on a HeldDisk. Killing
// a process that uses it is a power cut: give a node the VFS, SIGKILL it, start it again. Within
// one process cut_power() does the same: every operation fails from then on, until all files are
// closed and restore_power() is called. Everything by chance follows from the seed, even SQLite's
// own random numbers, so that a run can be repeated. Locks and shared memory hold within this
// process only: no other process may use the same files. Threads: thread-safe (one lock); on_sync
// is called without it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kith::test {

struct FaultVfsOptions {
    std::string name = "kith-fault";
    std::uint64_t seed = 1;
    /// Chance that an unsynced sector of 512 bytes, a truncation, creation or removal is on disk
    /// all the same, 0 to 1.
    double leak_chance = 0;
    /// The power fails at this change (write, truncation, sync, creation, removal), from 1; 0
    /// never.
    std::uint64_t cut_at = 0;
    /// From this operation on (changes and reads, from 1) as many as fail_count fail; 0 never.
    std::uint64_t fail_at = 0;
    std::uint64_t fail_count = 1;
    /// Most bytes of all files together.
    std::optional<std::uint64_t> space_bytes;
    /// Called at the start of each sync; may block, to make a slow disk.
    std::function<void()> on_sync;
};

/// What of a disk fails until it is said to be well again.
enum class DiskFault : std::uint8_t { None, Reads, Writes, Syncs };

struct FaultVfsCounters {
    std::uint64_t operations = 0;  // changes and reads
    std::uint64_t changes = 0;
    std::uint64_t syncs = 0;   // that worked
    std::uint64_t failed = 0;  // on purpose; those after a cut not counted
};

/// "seed=7,leak=0.1,cut=200,fail=30,fails=2,space=1000000,sync_us=5000", in any order, each
/// optional: for an environment variable of a live node. sync_us makes each sync take that long.
/// Errors: Invalid for an unknown key or a value that is no number of its range.
[[nodiscard]] Result<FaultVfsOptions> parse_fault_vfs_options(std::string_view text);

class FaultVfs {
  public:
    explicit FaultVfs(FaultVfsOptions options);
    /// Requires: every database on it is closed.
    ~FaultVfs();
    FaultVfs(const FaultVfs&) = delete;
    FaultVfs& operator=(const FaultVfs&) = delete;

    /// The power fails now, or has failed at cut_at.
    void cut_power();
    [[nodiscard]] bool is_cut() const;
    /// Requires: every database on it is closed.
    void restore_power();

    /// The power fails at the `change_count`th change from now, from 1.
    void cut_after(std::uint64_t change_count);
    /// From the `operation_count`th operation from now, from 1, `fail_count` of them fail.
    void fail_after(std::uint64_t operation_count, std::uint64_t fail_count);
    /// Every change of files whose name ends so fails from now on; "" ends that.
    void fail_changes_of(std::string name_ending);
    /// Operations of this kind fail from now on, on files with `name_part` in their name.
    void set_fault(DiskFault fault, std::string name_part);
    /// Syncs wait from now on, until they may go on.
    void hold_syncs(bool is_held);
    void set_space_bytes(std::optional<std::uint64_t> space_bytes);

    [[nodiscard]] FaultVfsCounters counters() const;

    class Disk;

  private:
    std::unique_ptr<Disk> disk_;
};

}  // namespace kith::test

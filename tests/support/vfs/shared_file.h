// What connections of one process share about one file: SQLite's locks and the log's shared memory.
//
// The five lock states are those of https://www.sqlite.org/lockingv3.html, the eight slots those of
// the log's index (https://www.sqlite.org/walformat.html). An owner is any address that stays the
// same while its file is open. Threads: one at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace kith::test {

/// In the order of strength, with the values of SQLite.
enum class LockState : std::uint8_t { None, Shared, Reserved, Pending, Exclusive };

class FileLocks {
  public:
    using Owner = const void*;

    /// False if another owner is in the way. A failed wish for Exclusive may leave Pending.
    [[nodiscard]] bool lock(Owner owner, LockState wanted);
    /// Down to Shared or None.
    void unlock(Owner owner, LockState wanted);
    [[nodiscard]] bool is_reserved() const;

  private:
    /// Whether another owner has at least this lock.
    [[nodiscard]] bool other_has(Owner owner, LockState at_least) const;

    std::map<Owner, LockState> held_;
};

class SharedMemory {
  public:
    using Owner = const void*;
    static constexpr std::size_t kSlots = 8;

    /// The region, made if need be; null if it is not there and not to be made.
    [[nodiscard]] void* region(std::size_t index, std::size_t size_bytes, bool make);
    /// Locks and unlocks `count` slots from `first` on; false if another owner is in the way.
    [[nodiscard]] bool lock_shared(Owner owner, std::size_t first, std::size_t count);
    [[nodiscard]] bool lock_exclusive(Owner owner, std::size_t first, std::size_t count);
    void unlock(Owner owner, std::size_t first, std::size_t count);
    void unlock_all(Owner owner) { unlock(owner, 0, kSlots); }

  private:
    struct Slot {
        std::set<Owner> shared;
        Owner exclusive = nullptr;
    };

    std::vector<std::unique_ptr<std::uint64_t[]>> regions_;
    std::array<Slot, kSlots> slots_;
};

}  // namespace kith::test

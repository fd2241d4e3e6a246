// Files as a power cut finds them: what was synced is on the real disk, the rest only in memory.
//
// A real file system may keep unsynced writes for long, or write any part of them at any time. Here
// the first is the rule and the second happens by chance (leak_chance), sector by sector, so that
// killing the process, or forget(), shows what a cut of the power would leave behind:
//   * a write or truncation is on disk when its file was synced, not before;
//   * a created or removed name is on disk when its directory was synced;
//   * a file whose name is not on disk yet appears with what was synced of it so far;
//   * bytes outside a write never change, even in the same sector.
// Threads: one at a time. Limits: every open or changed file is whole in memory.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"

namespace kith::test {

/// What a disk writes as one.
inline constexpr std::size_t kSectorBytes = 512;

struct HeldDiskOptions {
    std::uint64_t seed = 1;
    /// Chance that an unsynced sector, truncation, creation or removal is on disk at once, 0 to 1.
    double leak_chance = 0;
};

/// A file of a HeldDisk, shared by those who have it open.
class HeldFile {
  public:
    ~HeldFile();
    HeldFile(const HeldFile&) = delete;
    HeldFile& operator=(const HeldFile&) = delete;

    [[nodiscard]] std::size_t size_bytes() const { return visible_.size(); }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    friend class HeldDisk;
    explicit HeldFile(std::string path) : path_(std::move(path)) {}

    std::string path_;
    std::vector<std::uint8_t> visible_;  // what readers see
    std::set<std::size_t> unsynced_;     // sectors, by index, that the next sync writes
    std::vector<std::uint8_t> synced_;   // content synced while the name was not on disk
    int fd_ = -1;                        // the real file, once its name is on disk
};

enum class IfMissing : std::uint8_t { Fail, Create };

class HeldDisk {
  public:
    explicit HeldDisk(const HeldDiskOptions& options)
        : leak_chance_(options.leak_chance), random_(options.seed) {}

    /// Null if there is no such file and none is to be created.
    [[nodiscard]] std::shared_ptr<HeldFile> open(const std::string& path, IfMissing if_missing);
    [[nodiscard]] bool exists(const std::string& path) const;
    void remove(const std::string& path);
    /// Puts creations and removals in the directory of `path` on disk.
    void sync_directory_of(const std::string& path);

    /// Copies from `offset` on; returns how many bytes there were.
    [[nodiscard]] static std::size_t read(const HeldFile& file, MutableBytes into,
                                          std::size_t offset);
    /// Errors: Limit, with nothing written, if all files together would exceed the space.
    [[nodiscard]] Status write(HeldFile& file, Bytes bytes, std::size_t offset);
    void truncate(HeldFile& file, std::size_t size_bytes);
    void sync(HeldFile& file);
    /// A sync that the power cut interrupts: any part of it may have happened.
    void sync_in_part(HeldFile& file);
    /// A sync that fails as on Linux: what was written stays visible but will never be on disk,
    /// unless it is written again.
    void fail_sync(HeldFile& file);

    /// The power cut: nothing is known any more but what is on disk. Files that are still open must
    /// not be used again.
    void forget();

    void set_space_bytes(std::optional<std::uint64_t> space_bytes) { space_bytes_ = space_bytes; }

  private:
    [[nodiscard]] bool leaks() { return leak_chance_ > 0 && random_.chance(leak_chance_); }
    [[nodiscard]] std::uint64_t used_bytes() const;
    void put_name_on_disk(HeldFile& file);
    void mark_unsynced(HeldFile& file, std::size_t offset, std::size_t size_bytes);
    static void write_sectors(HeldFile& file, std::size_t first, std::size_t count);

    const double leak_chance_;
    Random random_;
    std::optional<std::uint64_t> space_bytes_;
    std::map<std::string, std::shared_ptr<HeldFile>> files_;
    std::set<std::string> removed_;  // still on disk
};

}  // namespace kith::test

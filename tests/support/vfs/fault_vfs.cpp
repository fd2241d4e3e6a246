#include "tests/support/vfs/fault_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>

#include "base/check.h"
#include "base/narrow.h"
#include "tests/support/vfs/held_disk.h"
#include "tests/support/vfs/shared_file.h"

namespace kith::test {
namespace {

/// What a file is to SQLite: more than one connection may have it open.
struct Handle {
    FaultVfs::Disk& disk;
    std::shared_ptr<HeldFile> file;
    /// The first sync of a new journal or log puts its name on disk too, as SQLite does on unix.
    bool syncs_directory;
    LockState lock = LockState::None;
};

/// SQLite gives the memory for it and knows only its first member.
struct OpenFile {
    sqlite3_file base;
    Handle* handle;
};

}  // namespace

/// The disk, its plan of faults, and what SQLite calls.
class FaultVfs::Disk {
  public:
    explicit Disk(FaultVfsOptions options);
    ~Disk();
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

    [[nodiscard]] int open(const char* name, OpenFile& file, int flags);
    [[nodiscard]] int remove(const char* name, bool sync_directory);
    [[nodiscard]] bool exists(const char* name);

    [[nodiscard]] int close(Handle& handle);
    [[nodiscard]] int read(Handle& handle, MutableBytes into, std::size_t offset);
    [[nodiscard]] int write(Handle& handle, Bytes bytes, std::size_t offset);
    [[nodiscard]] int truncate(Handle& handle, std::size_t size_bytes);
    [[nodiscard]] int sync(Handle& handle);
    [[nodiscard]] std::size_t size_bytes(const Handle& handle);
    [[nodiscard]] int lock(Handle& handle, LockState wanted);
    void unlock(Handle& handle, LockState wanted);
    [[nodiscard]] bool is_reserved(const Handle& handle);
    [[nodiscard]] int lock_shared_memory(Handle& handle, int first, int count, int flags);
    [[nodiscard]] void* map_shared_memory(Handle& handle, int region, int size_bytes, bool make);
    void unmap_shared_memory(Handle& handle, bool remove);

    // Under the mutex.
    struct Plan {
        std::uint64_t cut_at = 0;   // count of changes
        std::uint64_t fail_at = 0;  // count of operations
        std::uint64_t fail_count = 0;
        std::string fail_changes_of;  // a name's ending; empty for none
        DiskFault fault = DiskFault::None;
        std::string fault_name_part;
        bool cut = false;
        FaultVfsCounters counters;
    };
    mutable std::mutex mutex_;
    std::condition_variable syncs_go_on_;
    bool are_syncs_held_ = false;
    Plan plan_;
    HeldDisk held_;
    std::size_t open_count_ = 0;

  private:
    enum class Kind : std::uint8_t { Read, Change, Sync };
    enum class Fate : std::uint8_t { Works, Fails, IsCut, WasCut };

    /// Counts an operation and says what becomes of it.
    [[nodiscard]] Fate next_fate(Kind kind, std::string_view name);
    void sync_held(Handle& handle);

    const FaultVfsOptions options_;
    std::map<std::string, FileLocks> locks_;
    std::map<std::string, SharedMemory> shared_memories_;
    sqlite3_vfs vfs_{};
};

namespace {

Handle& handle_of(sqlite3_file* file) {
    return *reinterpret_cast<OpenFile*>(file)->handle;
}

FaultVfs::Disk& disk_of(sqlite3_vfs* vfs) {
    return *static_cast<FaultVfs::Disk*>(vfs->pAppData);
}

sqlite3_vfs& real_vfs() {
    static sqlite3_vfs* const real = sqlite3_vfs_find("unix");
    CHECK(real != nullptr);
    return *real;
}

int x_close(sqlite3_file* file) {
    Handle& handle = handle_of(file);
    const int code = handle.disk.close(handle);
    delete &handle;
    return code;
}

int x_read(sqlite3_file* file, void* into, int count, sqlite3_int64 offset) {
    Handle& handle = handle_of(file);
    return handle.disk.read(handle, {static_cast<std::uint8_t*>(into), narrow<std::size_t>(count)},
                            narrow<std::size_t>(offset));
}

int x_write(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
    Handle& handle = handle_of(file);
    return handle.disk.write(handle,
                             {static_cast<const std::uint8_t*>(from), narrow<std::size_t>(count)},
                             narrow<std::size_t>(offset));
}

int x_truncate(sqlite3_file* file, sqlite3_int64 size) {
    Handle& handle = handle_of(file);
    return handle.disk.truncate(handle, narrow<std::size_t>(size));
}

int x_sync(sqlite3_file* file, int) {
    Handle& handle = handle_of(file);
    return handle.disk.sync(handle);
}

int x_file_size(sqlite3_file* file, sqlite3_int64* size) {
    Handle& handle = handle_of(file);
    *size = narrow<sqlite3_int64>(handle.disk.size_bytes(handle));
    return SQLITE_OK;
}

int x_lock(sqlite3_file* file, int level) {
    Handle& handle = handle_of(file);
    return handle.disk.lock(handle, static_cast<LockState>(level));
}

int x_unlock(sqlite3_file* file, int level) {
    Handle& handle = handle_of(file);
    handle.disk.unlock(handle, static_cast<LockState>(level));
    return SQLITE_OK;
}

int x_check_reserved_lock(sqlite3_file* file, int* reserved) {
    Handle& handle = handle_of(file);
    *reserved = handle.disk.is_reserved(handle) ? 1 : 0;
    return SQLITE_OK;
}

int x_file_control(sqlite3_file*, int, void*) {
    return SQLITE_NOTFOUND;
}

int x_sector_size(sqlite3_file*) {
    return static_cast<int>(kSectorBytes);
}

int x_device_characteristics(sqlite3_file*) {
    // As the unix VFS says by default, and as HeldDisk keeps it.
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

// style: the signature is SQLite's.
int x_shm_map(sqlite3_file* file, int region, int size, int make, void volatile** memory) {
    Handle& handle = handle_of(file);
    *memory = handle.disk.map_shared_memory(handle, region, size, make != 0);
    return SQLITE_OK;
}

int x_shm_lock(sqlite3_file* file, int first, int count, int flags) {
    Handle& handle = handle_of(file);
    return handle.disk.lock_shared_memory(handle, first, count, flags);
}

void x_shm_barrier(sqlite3_file* file) {
    const std::lock_guard lock(handle_of(file).disk.mutex_);
}

int x_shm_unmap(sqlite3_file* file, int remove) {
    Handle& handle = handle_of(file);
    handle.disk.unmap_shared_memory(handle, remove != 0);
    return SQLITE_OK;
}

constexpr sqlite3_io_methods kMethods = {.iVersion = 2,
                                         .xClose = x_close,
                                         .xRead = x_read,
                                         .xWrite = x_write,
                                         .xTruncate = x_truncate,
                                         .xSync = x_sync,
                                         .xFileSize = x_file_size,
                                         .xLock = x_lock,
                                         .xUnlock = x_unlock,
                                         .xCheckReservedLock = x_check_reserved_lock,
                                         .xFileControl = x_file_control,
                                         .xSectorSize = x_sector_size,
                                         .xDeviceCharacteristics = x_device_characteristics,
                                         .xShmMap = x_shm_map,
                                         .xShmLock = x_shm_lock,
                                         .xShmBarrier = x_shm_barrier,
                                         .xShmUnmap = x_shm_unmap,
                                         .xFetch = nullptr,
                                         .xUnfetch = nullptr};

// style: the signature is SQLite's.
int x_open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    auto& open_file = *reinterpret_cast<OpenFile*>(file);
    open_file = {};
    if (out_flags != nullptr) {
        *out_flags = flags;
    }
    return disk_of(vfs).open(name, open_file, flags);
}

int x_delete(sqlite3_vfs* vfs, const char* name, int sync_directory) {
    return disk_of(vfs).remove(name, sync_directory != 0);
}

int x_access(sqlite3_vfs* vfs, const char* name, int, int* result) {
    *result = disk_of(vfs).exists(name) ? 1 : 0;
    return SQLITE_OK;
}

int x_full_pathname(sqlite3_vfs*, const char* name, int size, char* into) {
    return real_vfs().xFullPathname(&real_vfs(), name, size, into);
}

int x_randomness(sqlite3_vfs*, int count, char* into) {
    std::fill_n(into, count, '\0');  // not asked: SQLite's generator is seeded by hand
    return count;
}

int x_sleep(sqlite3_vfs*, int microseconds) {
    return real_vfs().xSleep(&real_vfs(), microseconds);
}

int x_current_time(sqlite3_vfs*, double* now) {
    return real_vfs().xCurrentTime(&real_vfs(), now);
}

int x_get_last_error(sqlite3_vfs*, int, char*) {
    return 0;
}

}  // namespace

FaultVfs::Disk::Disk(FaultVfsOptions options)
    : plan_{.cut_at = options.cut_at, .fail_at = options.fail_at, .fail_count = options.fail_count},
      held_({.seed = options.seed, .leak_chance = options.leak_chance}),
      options_(std::move(options)) {
    held_.set_space_bytes(options_.space_bytes);
    vfs_.iVersion = 1;
    vfs_.szOsFile = sizeof(OpenFile);
    vfs_.mxPathname = real_vfs().mxPathname;
    vfs_.zName = options_.name.c_str();
    vfs_.pAppData = this;
    vfs_.xOpen = x_open;
    vfs_.xDelete = x_delete;
    vfs_.xAccess = x_access;
    vfs_.xFullPathname = x_full_pathname;
    vfs_.xRandomness = x_randomness;
    vfs_.xSleep = x_sleep;
    vfs_.xCurrentTime = x_current_time;
    vfs_.xGetLastError = x_get_last_error;
    CHECK(sqlite3_vfs_find(vfs_.zName) == nullptr);
    const int code = sqlite3_vfs_register(&vfs_, 0);
    CHECK(code == SQLITE_OK);
    // SQLite has one generator a process, whatever the VFS: the salts of its logs come from it.
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED,
                         static_cast<int>(options_.seed % 1'000'000'007 + 1), nullptr);
}

FaultVfs::Disk::~Disk() {
    CHECK(open_count_ == 0);
    sqlite3_vfs_unregister(&vfs_);
}

FaultVfs::Disk::Fate FaultVfs::Disk::next_fate(Kind kind, std::string_view name) {
    if (plan_.cut) {
        return Fate::WasCut;
    }
    ++plan_.counters.operations;
    if (kind != Kind::Read) {
        ++plan_.counters.changes;
        if (plan_.counters.changes == plan_.cut_at) {
            plan_.cut = true;
            return Fate::IsCut;
        }
    }
    const bool by_count = plan_.fail_at != 0 && plan_.counters.operations >= plan_.fail_at &&
                          plan_.counters.operations - plan_.fail_at < plan_.fail_count;
    const bool by_name = kind != Kind::Read && !plan_.fail_changes_of.empty() &&
                         name.ends_with(plan_.fail_changes_of);
    constexpr DiskFault kFaults[] = {DiskFault::Reads, DiskFault::Writes, DiskFault::Syncs};
    const bool by_kind = plan_.fault == kFaults[static_cast<std::size_t>(kind)] &&
                         name.find(plan_.fault_name_part) != std::string_view::npos;
    if (by_count || by_name || by_kind) {
        ++plan_.counters.failed;
        return Fate::Fails;
    }
    return Fate::Works;
}

int FaultVfs::Disk::open(const char* name, OpenFile& file, int flags) {
    const std::lock_guard lock(mutex_);
    // A file without a name, or one that goes when it is closed, is SQLite's own scratch paper.
    CHECK_TEXT(name != nullptr, "use PRAGMA temp_store = MEMORY on this VFS");
    const bool creates = (flags & SQLITE_OPEN_CREATE) != 0 && !held_.exists(name);
    if (next_fate(creates ? Kind::Change : Kind::Read, name) != Fate::Works) {
        return SQLITE_CANTOPEN;
    }
    auto held = held_.open(name, creates ? IfMissing::Create : IfMissing::Fail);
    if (held == nullptr) {
        return SQLITE_CANTOPEN;
    }
    constexpr int kJournals =
        SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
    const bool syncs_directory = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & kJournals) != 0;
    file.handle =
        new Handle{.disk = *this, .file = std::move(held), .syncs_directory = syncs_directory};
    file.base.pMethods = &kMethods;
    ++open_count_;
    return SQLITE_OK;
}

int FaultVfs::Disk::remove(const char* name, bool sync_directory) {
    const std::lock_guard lock(mutex_);
    if (!held_.exists(name)) {
        return SQLITE_IOERR_DELETE_NOENT;
    }
    if (next_fate(Kind::Change, name) != Fate::Works) {
        return SQLITE_IOERR_DELETE;
    }
    held_.remove(name);
    if (sync_directory) {
        held_.sync_directory_of(name);
    }
    return SQLITE_OK;
}

bool FaultVfs::Disk::exists(const char* name) {
    const std::lock_guard lock(mutex_);
    return held_.exists(name);
}

int FaultVfs::Disk::close(Handle& handle) {
    const std::lock_guard lock(mutex_);
    locks_[handle.file->path()].unlock(&handle, LockState::None);
    --open_count_;
    return SQLITE_OK;
}

int FaultVfs::Disk::read(Handle& handle, MutableBytes into, std::size_t offset) {
    const std::lock_guard lock(mutex_);
    if (next_fate(Kind::Read, handle.file->path()) != Fate::Works) {
        return SQLITE_IOERR_READ;
    }
    const std::size_t count = HeldDisk::read(*handle.file, into, offset);
    std::fill(into.begin() + static_cast<std::ptrdiff_t>(count), into.end(), std::uint8_t{0});
    return count == into.size() ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int FaultVfs::Disk::write(Handle& handle, Bytes bytes, std::size_t offset) {
    const std::lock_guard lock(mutex_);
    if (next_fate(Kind::Change, handle.file->path()) != Fate::Works) {
        return SQLITE_IOERR_WRITE;
    }
    return held_.write(*handle.file, bytes, offset) ? SQLITE_OK : SQLITE_FULL;
}

int FaultVfs::Disk::truncate(Handle& handle, std::size_t size_bytes) {
    const std::lock_guard lock(mutex_);
    if (next_fate(Kind::Change, handle.file->path()) != Fate::Works) {
        return SQLITE_IOERR_TRUNCATE;
    }
    held_.truncate(*handle.file, size_bytes);
    return SQLITE_OK;
}

int FaultVfs::Disk::sync(Handle& handle) {
    if (options_.on_sync) {
        options_.on_sync();
    }
    std::unique_lock lock(mutex_);
    syncs_go_on_.wait(lock, [this] { return !are_syncs_held_; });
    switch (next_fate(Kind::Sync, handle.file->path())) {
        case Fate::Works:
            ++plan_.counters.syncs;
            sync_held(handle);
            return SQLITE_OK;
        case Fate::Fails:
            held_.fail_sync(*handle.file);
            return SQLITE_IOERR_FSYNC;
        case Fate::IsCut:
            held_.sync_in_part(*handle.file);
            return SQLITE_IOERR_FSYNC;
        case Fate::WasCut:
            return SQLITE_IOERR_FSYNC;
    }
    return SQLITE_IOERR_FSYNC;
}

void FaultVfs::Disk::sync_held(Handle& handle) {
    held_.sync(*handle.file);
    if (handle.syncs_directory) {
        handle.syncs_directory = false;
        held_.sync_directory_of(handle.file->path());
    }
}

std::size_t FaultVfs::Disk::size_bytes(const Handle& handle) {
    const std::lock_guard lock(mutex_);
    return handle.file->size_bytes();
}

int FaultVfs::Disk::lock(Handle& handle, LockState wanted) {
    const std::lock_guard lock(mutex_);
    return locks_[handle.file->path()].lock(&handle, wanted) ? SQLITE_OK : SQLITE_BUSY;
}

void FaultVfs::Disk::unlock(Handle& handle, LockState wanted) {
    const std::lock_guard lock(mutex_);
    locks_[handle.file->path()].unlock(&handle, wanted);
}

bool FaultVfs::Disk::is_reserved(const Handle& handle) {
    const std::lock_guard lock(mutex_);
    return locks_[handle.file->path()].is_reserved();
}

int FaultVfs::Disk::lock_shared_memory(Handle& handle, int first, int count, int flags) {
    const std::lock_guard lock(mutex_);
    SharedMemory& memory = shared_memories_[handle.file->path()];
    const auto from = narrow<std::size_t>(first);
    const auto slots = narrow<std::size_t>(count);
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
        memory.unlock(&handle, from, slots);
        return SQLITE_OK;
    }
    const bool locked = (flags & SQLITE_SHM_SHARED) != 0
                            ? memory.lock_shared(&handle, from, slots)
                            : memory.lock_exclusive(&handle, from, slots);
    return locked ? SQLITE_OK : SQLITE_BUSY;
}

void* FaultVfs::Disk::map_shared_memory(Handle& handle, int region, int size_bytes, bool make) {
    const std::lock_guard lock(mutex_);
    return shared_memories_[handle.file->path()].region(narrow<std::size_t>(region),
                                                        narrow<std::size_t>(size_bytes), make);
}

void FaultVfs::Disk::unmap_shared_memory(Handle& handle, bool remove) {
    const std::lock_guard lock(mutex_);
    shared_memories_[handle.file->path()].unlock_all(&handle);
    if (remove) {
        shared_memories_.erase(handle.file->path());
    }
}

FaultVfs::FaultVfs(FaultVfsOptions options) : disk_(std::make_unique<Disk>(std::move(options))) {}

FaultVfs::~FaultVfs() = default;

void FaultVfs::cut_power() {
    const std::lock_guard lock(disk_->mutex_);
    disk_->plan_.cut = true;
}

bool FaultVfs::is_cut() const {
    const std::lock_guard lock(disk_->mutex_);
    return disk_->plan_.cut;
}

void FaultVfs::restore_power() {
    const std::lock_guard lock(disk_->mutex_);
    CHECK(disk_->open_count_ == 0);
    disk_->held_.forget();
    disk_->plan_.cut = false;
    disk_->plan_.cut_at = 0;
}

void FaultVfs::cut_after(std::uint64_t change_count) {
    const std::lock_guard lock(disk_->mutex_);
    disk_->plan_.cut_at = disk_->plan_.counters.changes + change_count;
}

void FaultVfs::fail_after(std::uint64_t operation_count, std::uint64_t fail_count) {
    const std::lock_guard lock(disk_->mutex_);
    disk_->plan_.fail_at = disk_->plan_.counters.operations + operation_count;
    disk_->plan_.fail_count = fail_count;
}

void FaultVfs::fail_changes_of(std::string name_ending) {
    const std::lock_guard lock(disk_->mutex_);
    disk_->plan_.fail_changes_of = std::move(name_ending);
}

void FaultVfs::set_fault(DiskFault fault, std::string name_part) {
    const std::lock_guard lock(disk_->mutex_);
    disk_->plan_.fault = fault;
    disk_->plan_.fault_name_part = std::move(name_part);
}

void FaultVfs::hold_syncs(bool is_held) {
    const std::lock_guard lock(disk_->mutex_);
    disk_->are_syncs_held_ = is_held;
    disk_->syncs_go_on_.notify_all();
}

void FaultVfs::set_space_bytes(std::optional<std::uint64_t> space_bytes) {
    const std::lock_guard lock(disk_->mutex_);
    disk_->held_.set_space_bytes(space_bytes);
}

FaultVfsCounters FaultVfs::counters() const {
    const std::lock_guard lock(disk_->mutex_);
    return disk_->plan_.counters;
}

}  // namespace kith::test

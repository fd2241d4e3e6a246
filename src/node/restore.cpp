// Bringing a backup back: into a directory beside the wanted one, verified there, then swapped, so
// that whatever fails leaves what was there.
#include "node/backup.h"
#include "node/backup_keeper.h"
#include "node/backup_service.h"
#include "node/detail/descriptor.h"
#include "node/node_directory.h"
#include "storage/sqlite/store_files.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

namespace kith::node {
namespace {

namespace fs = std::filesystem;
using storage::StoreFile;

std::string without_trailing_slash(std::string path) {
    while (path.size() > 1 && path.back() == '/') {
        path.pop_back();
    }
    return path;
}

bool is_node_file(std::string_view name) {
    if (name == "lock" || name == kBackupSocket || name == kBackupDirectory) {
        return true;
    }
    for (const std::string_view file : kBackupFiles) {
        for (const std::string_view suffix : {"", "-wal", "-shm", "-journal", ".copy", ".new"}) {
            if (name == fmt::format("{}{}", file, suffix)) {
                return true;
            }
        }
    }
    return false;
}

/// A directory beside the wanted one, which takes its place when it is whole.
class NewDirectory {
  public:
    static OrProblem<NewDirectory> make(const std::string& path) {
        std::error_code error;
        const fs::path parent = fs::path(path).parent_path();
        if (!parent.empty()) {
            fs::create_directories(parent, error);
        }
        NewDirectory made(path);
        made.beside_ = path + ".restore-XXXXXX";
        if (::mkdtemp(made.beside_.data()) == nullptr) {  // mode 0700
            made.beside_.clear();
            return problem(because("make a directory beside", path));
        }
        return made;
    }
    NewDirectory(NewDirectory&& other) noexcept
        : path_(std::move(other.path_)), beside_(std::exchange(other.beside_, {})) {}
    NewDirectory& operator=(NewDirectory&&) = delete;
    ~NewDirectory() {
        std::error_code error;
        if (!beside_.empty()) {
            fs::remove_all(beside_, error);
        }
    }
    [[nodiscard]] const std::string& path() const { return beside_; }

    /// Whoever owned the directory that is replaced owns the new one: the node's user, if root
    /// restores.
    [[nodiscard]] OrProblem<void> take_owner() const {
        struct stat old {};
        if (::stat(path_.c_str(), &old) != 0 || old.st_uid == ::geteuid()) {
            return {};
        }
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(beside_, error)) {
            if (::lchown(entry.path().c_str(), old.st_uid, old.st_gid) != 0) {
                return problem(because("change the owner of", entry.path()));
            }
        }
        if (error || ::lchown(beside_.c_str(), old.st_uid, old.st_gid) != 0) {
            return problem(because("change the owner of", beside_));
        }
        return {};
    }

    /// In one step; an old directory goes after that.
    [[nodiscard]] OrProblem<void> take_place() {
        if (auto synced = sync_directory(beside_); !synced) {
            return synced;
        }
        struct stat old {};
        const bool is_there = ::lstat(path_.c_str(), &old) == 0;
        const unsigned flags = is_there ? RENAME_EXCHANGE : RENAME_NOREPLACE;
        if (::renameat2(AT_FDCWD, beside_.c_str(), AT_FDCWD, path_.c_str(), flags) != 0) {
            return problem(because("put the restored directory in the place of", path_));
        }
        if (!is_there) {
            beside_.clear();
        } else if (auto kept = keep_backups(); !kept) {
            return kept;
        }
        const std::string parent = fs::path(path_).parent_path();
        const auto synced = sync_directory(parent.empty() ? "." : parent);
        if (!synced) {
            return problem(fmt::format("{} is restored, but a loss of power may undo that: {}",
                                       path_, synced.error().text));
        }
        return {};
    }

  private:
    /// Backups that the old directory has stay where they were.
    [[nodiscard]] OrProblem<void> keep_backups() {
        const std::string from = fmt::format("{}/{}", beside_, kBackupDirectory);
        const std::string to = fmt::format("{}/{}", path_, kBackupDirectory);
        if (::rename(from.c_str(), to.c_str()) != 0 && errno != ENOENT) {
            const std::string why = because("move", from);
            beside_.clear();  // they must not go with it
            return problem(why);
        }
        return {};
    }

    explicit NewDirectory(std::string path) : path_(std::move(path)) {}
    std::string path_;
    std::string beside_;
};

bool is_mount_point(const std::string& path) {
    struct statx facts {};
    return ::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, 0, &facts) == 0 &&
           (facts.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/// Refuses to replace what must not be; else keeps nodes from starting in a directory that exists.
OrProblem<std::optional<NodeDirectory>> guard(const RestoreOptions& options,
                                              const std::string& path) {
    std::error_code error;
    const fs::file_status status = fs::symlink_status(path, error);
    if (!fs::exists(status)) {
        return std::optional<NodeDirectory>();
    }
    if (!fs::is_directory(status)) {
        return problem(fmt::format("{} is not a directory", path));
    }
    if (is_mount_point(path)) {
        return problem(
            fmt::format("{} is a mount point, which a restored directory cannot "
                        "replace; restore into a directory inside it, such as {}/kith",
                        path, path));
    }
    bool has_node = false;
    for (const auto& entry : fs::directory_iterator(path, error)) {
        const std::string name = entry.path().filename();
        if (!is_node_file(name)) {
            return problem(
                fmt::format("{} has {}, which is not a node's and would be lost; restore "
                            "into another directory",
                            path, name));
        }
        has_node |= name != "lock" && name != kBackupDirectory;
    }
    if (error) {
        return problem(fmt::format("cannot read {}: {}", path, error.message()));
    }
    auto data = NodeDirectory::open(path);
    if (!data) {
        return tl::unexpected(data.error());
    }
    if (!data->lock()) {
        return problem(
            fmt::format("a node runs in {} (process {}); stop it first, or restore into "
                        "another directory",
                        path, data->holder()));
    }
    if (has_node && options.overwrite == Overwrite::No) {
        return problem(fmt::format("{} has a node's data; --force replaces it", path));
    }
    return std::optional<NodeDirectory>(std::move(*data));
}

OrProblem<void> check_stores(const BackupManifest& manifest, const std::string& directory) {
    for (std::size_t i = 0; i < kBackupStoreCount; ++i) {
        const StoreFile kind = i == 0 ? StoreFile::Messages : StoreFile::Control;
        const std::string path = fmt::format("{}/{}", directory, kBackupFiles[i]);
        const auto facts = storage::inspect_store_file(kind, {.path = path});
        if (!facts && facts.error().kind == ErrorKind::Unsupported) {
            return problem(
                fmt::format("{} was written by a newer version, kith {}: restore with "
                            "that",
                            kBackupFiles[i], manifest.version));
        }
        if (!facts) {
            return problem(fmt::format("{}: {}", kBackupFiles[i], facts.error().text));
        }
    }
    return {};
}

}  // namespace

OrProblem<BackupManifest> restore_backup(const RestoreOptions& options,
                                         const BackupListener& listener) {
    const std::string path = without_trailing_slash(options.data_directory);
    const Descriptor file(options.file, O_RDONLY);
    if (!file.is_open()) {
        return problem(because("read", options.file));
    }
    auto guarded = guard(options, path);
    if (!guarded) {
        return tl::unexpected(guarded.error());
    }
    auto directory = NewDirectory::make(path);
    if (!directory) {
        return tl::unexpected(directory.error());
    }
    auto manifest = read_backup(file.fd(), directory->path(), listener);
    if (!manifest) {
        return problem(
            fmt::format("{} cannot be restored: {}", options.file, manifest.error().text));
    }
    if (auto checked = check_stores(*manifest, directory->path()); !checked) {
        return problem(
            fmt::format("{} cannot be restored: {}", options.file, checked.error().text));
    }
    if (auto owned = directory->take_owner(); !owned) {
        return tl::unexpected(owned.error());
    }
    if (auto placed = directory->take_place(); !placed) {
        return tl::unexpected(placed.error());
    }
    return manifest;
}

}  // namespace kith::node

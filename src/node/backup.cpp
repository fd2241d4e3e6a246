#include "node/backup.h"

#include "base/version.h"
#include "node/backup_service.h"
#include "node/detail/descriptor.h"
#include "node/node_directory.h"
#include "storage/sqlite/sqlite_stores.h"
#include "storage/sqlite/store_files.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

namespace kith::node {
namespace {

namespace fs = std::filesystem;
using storage::StoreFile;

tl::unexpected<Problem> cannot_copy(const std::string& path, const Error& error) {
    return problem(error.code != 0 ? fmt::format("cannot copy {}: {} ({})", path, error.text,
                                                 std::strerror(error.code))
                                   : fmt::format("cannot copy {}: {}", path, error.text));
}

/// A file that goes when this object goes.
class Scratch {
  public:
    explicit Scratch(std::string path) : path_(std::move(path)) { remove(); }
    ~Scratch() { remove(); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    void remove() const {
        for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
            ::unlink((path_ + suffix).c_str());
        }
    }
    std::string path_;
};

/// A new file under another name beside the wanted one, which takes that name when it is whole.
class NewFile {
  public:
    static OrProblem<NewFile> make(const std::string& path) {
        NewFile file(path);
        file.beside_ = path + ".XXXXXX";
        file.file_ = Descriptor(::mkostemp(file.beside_.data(), O_CLOEXEC));  // mode 0600
        if (!file.file_.is_open()) {
            return problem(because("write beside", path));
        }
        return file;
    }
    NewFile(NewFile&&) = default;
    NewFile& operator=(NewFile&&) = delete;
    ~NewFile() {
        if (file_.is_open()) {
            ::unlink(beside_.c_str());
        }
    }
    [[nodiscard]] int fd() const { return file_.fd(); }

    OrProblem<void> take_name() {
        if (::fsync(file_.fd()) != 0) {
            return problem(because("write", path_));
        }
        if (::rename(beside_.c_str(), path_.c_str()) != 0) {
            return problem(because("rename to", path_));
        }
        file_.close();
        const std::string parent = fs::path(path_).parent_path();
        const auto synced = sync_directory(parent.empty() ? "." : parent);
        if (!synced) {
            return problem(
                fmt::format("{} is written and whole, but a loss of power may take "
                            "its name away: {}",
                            path_, synced.error().text));
        }
        return {};
    }

  private:
    explicit NewFile(std::string path) : path_(std::move(path)) {}
    std::string path_;
    std::string beside_;
    Descriptor file_{-1};
};

/// Held by a backup, so that two do not share their scratch files.
class BackupLock {
  public:
    explicit BackupLock(const NodeDirectory& data)
        : directory_(data.path(), O_RDONLY | O_DIRECTORY),
          is_held_(directory_.is_open() && ::flock(directory_.fd(), LOCK_EX | LOCK_NB) == 0) {}
    [[nodiscard]] bool is_held() const { return is_held_; }

  private:
    Descriptor directory_;
    bool is_held_;
};

OrProblem<void> check_target(const BackupOptions& options) {
    std::error_code error;
    const fs::file_status status = fs::symlink_status(options.file, error);
    if (fs::exists(status) && !fs::is_regular_file(status)) {
        return problem(fmt::format("{} is not a file", options.file));
    }
    if (fs::exists(status) && options.overwrite == Overwrite::No) {
        return problem(fmt::format("{} exists; --force replaces it", options.file));
    }
    return {};
}

/// The copies lie beside the stores, and must not take the disk that the node needs.
OrProblem<void> check_space(const BackupOptions& options) {
    std::error_code error;
    std::uint64_t needed = options.reserve_bytes;
    for (const char* name : {"messages.db", "messages.db-wal", "control.db", "control.db-wal"}) {
        const auto bytes = fs::file_size(fs::path(options.data_directory) / name, error);
        needed += error ? 0 : bytes;
    }
    const fs::space_info space = fs::space(options.data_directory, error);
    if (!error && space.available < needed) {
        return problem(
            fmt::format("{} has {} MB free, and a backup needs {} MB there while it is "
                        "made",
                        options.data_directory, space.available / 1'000'000, needed / 1'000'000));
    }
    return {};
}

/// Copies messages.db to its scratch file: by the node that runs, or else here. What is returned
/// keeps the copy, or keeps nodes from starting, until it goes.
class MessagesCopy {
  public:
    explicit MessagesCopy(NodeDirectory& data) : data_(data) {}

    OrProblem<void> make(const BackupListener& listener) {
        const auto on_step = [&](const storage::CopyProgress& progress) {
            listener("copying", progress.bytes_done, progress.bytes_total);
        };
        if (data_.lock()) {
            scratch_.emplace(data_.file(kMessagesCopy));
            const std::string path = data_.file("messages.db");
            const Status copied = storage::copy_store_file(StoreFile::Messages, {.path = path},
                                                           scratch_->path(), on_step);
            return copied ? OrProblem<void>() : cannot_copy(path, copied.error());
        }
        auto client = BackupClient::connect(data_);
        if (!client) {
            return tl::unexpected(client.error());
        }
        client_.emplace(std::move(*client));
        return client_->wait_for_copy(on_step);
    }

  private:
    NodeDirectory& data_;
    std::optional<Scratch> scratch_;
    std::optional<BackupClient> client_;
};

OrProblem<BackupSource> seal(StoreFile kind, std::string_view name, const std::string& path) {
    const auto sealed = storage::seal_store_file(kind, {.path = path});
    if (!sealed) {
        return problem(fmt::format("{} cannot be backed up: {}", name, sealed.error().text));
    }
    return BackupSource{
        .file = {.name = std::string(name), .schema_version = sealed->schema_version},
        .path = path};
}

OrProblem<std::vector<BackupSource>> seal_stores(const NodeDirectory& data) {
    std::vector<BackupSource> sources;
    for (const auto& [kind, name, copy] :
         {std::tuple(StoreFile::Messages, kBackupFiles[0], kMessagesCopy),
          std::tuple(StoreFile::Control, kBackupFiles[1], kControlCopy)}) {
        auto source = seal(kind, name, data.file(copy));
        if (!source) {
            return tl::unexpected(source.error());
        }
        sources.push_back(std::move(*source));
    }
    for (std::size_t i = kBackupStoreCount; i < kBackupFiles.size(); ++i) {
        const std::string path = data.file(kBackupFiles[i]);
        if (fs::exists(path)) {
            sources.push_back({.file = {.name = std::string(kBackupFiles[i])}, .path = path});
        }
    }
    return sources;
}

OrProblem<BackupManifest> write_archive(const BackupOptions& options, const NodeDirectory& data,
                                        const BackupListener& listener) {
    auto sources = seal_stores(data);
    if (!sources) {
        return tl::unexpected(sources.error());
    }
    auto file = NewFile::make(options.file);
    if (!file) {
        return tl::unexpected(file.error());
    }
    auto manifest = write_backup(file->fd(),
                                 {.version = std::string(version()),
                                  .node = fs::absolute(data.path()).lexically_normal().string(),
                                  .created_at = options.now,
                                  .files = {}},
                                 *sources, listener);
    if (!manifest) {
        return problem(fmt::format("{}: {}", options.file, manifest.error().text));
    }
    if (auto checked = check_target(options); !checked) {  // somebody else may have made it
        return tl::unexpected(checked.error());
    }
    if (auto named = file->take_name(); !named) {
        return tl::unexpected(named.error());
    }
    return manifest;
}

}  // namespace

OrProblem<BackupManifest> make_backup(const BackupOptions& options,
                                      const BackupListener& listener) {
    if (auto checked = check_target(options); !checked) {
        return tl::unexpected(checked.error());
    }
    for (const std::string_view name : {kBackupFiles[0], kBackupFiles[1]}) {
        const std::string path = fmt::format("{}/{}", options.data_directory, name);
        if (::access(path.c_str(), R_OK) != 0) {
            return problem(errno == ENOENT ? fmt::format("no node has run in {}: there is no {}",
                                                         options.data_directory, name)
                                           : because("read", path));
        }
    }
    if (auto checked = check_space(options); !checked) {
        return tl::unexpected(checked.error());
    }
    auto data = NodeDirectory::open(options.data_directory);
    if (!data) {
        return tl::unexpected(data.error());
    }
    const BackupLock lock(*data);
    if (!lock.is_held()) {
        return problem(fmt::format("another backup of {} is being made", data->path()));
    }
    MessagesCopy messages(*data);
    if (auto copied = messages.make(listener); !copied) {
        return tl::unexpected(copied.error());
    }
    const Scratch control(data->file(kControlCopy));
    const std::string path = data->file("control.db");
    const Status copied = storage::copy_store_file(StoreFile::Control, {.path = path},
                                                   control.path(), [](const auto&) {});
    if (!copied) {
        return cannot_copy(path, copied.error());
    }
    return write_archive(options, *data, listener);
}

}  // namespace kith::node

#include "node/backup_keeper.h"

#include "node/backup.h"
#include "node/detail/descriptor.h"
#include "node/process_facts.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <vector>

namespace kith::node {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "kith-";
constexpr std::string_view kSuffix = ".tar";

/// "kith-20261123T091500.250Z.tar": by name is by time.
std::string name_for(WallTime now) {
    std::string name(kPrefix);
    for (const char each : to_rfc3339(now)) {
        if (each != '-' && each != ':') {
            name += each;
        }
    }
    return name + std::string(kSuffix);
}

/// Those that are there, the newest first.
std::vector<std::string> names_in(const std::string& directory) {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory, error)) {
        const std::string name = entry.path().filename();
        if (name.starts_with(kPrefix) && name.ends_with(kSuffix)) {
            names.push_back(name);
        }
    }
    std::ranges::sort(names, std::greater());
    return names;
}

/// A file that is read by a pool's thread and shown on the shard.
class FileSource final : public api::ByteSource {
  public:
    FileSource(runtime::Shard& shard, runtime::BlockingPool& pool, Descriptor file,
               std::uint64_t size_bytes)
        : shard_(shard),
          pool_(pool),
          file_(std::make_shared<Descriptor>(std::move(file))),
          size_bytes_(size_bytes) {}

    [[nodiscard]] std::uint64_t size_bytes() const override { return size_bytes_; }

    void read(std::size_t bytes_max, std::function<void(Result<std::string>)> done) override {
        // Never more than was announced, also if somebody appends to it.
        const std::uint64_t left = size_bytes_ - position_;
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, bytes_max));
        const auto answer = [this, done, alive = std::weak_ptr(alive_)](Result<std::string> piece) {
            if (alive.lock() == nullptr) {
                return;
            }
            position_ += piece ? piece->size() : 0;
            done(std::move(piece));
        };
        const Status submitted =
            pool_.submit(shard_, [file = file_, wanted, at = position_, answer] {
                std::string piece(wanted, '\0');
                const ssize_t count =
                    ::pread(file->fd(), piece.data(), wanted, static_cast<off_t>(at));
                // A file that became shorter is an error: more was announced.
                const bool is_whole = count == static_cast<ssize_t>(wanted);
                return runtime::make_mail(
                    [answer, is_whole, piece = std::move(piece)](runtime::Shard&) mutable {
                        answer(is_whole ? Result<std::string>(std::move(piece))
                                        : fail(ErrorKind::Io, "cannot read the backup"));
                    });
            });
        if (!submitted) {
            done(tl::unexpected(submitted.error()));
        }
    }

  private:
    runtime::Shard& shard_;
    runtime::BlockingPool& pool_;
    std::shared_ptr<Descriptor> file_;  // shared_ptr: a read may be under way when this goes
    std::uint64_t size_bytes_;
    std::uint64_t position_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // shared_ptr: for weak ones
};

}  // namespace

BackupKeeper::BackupKeeper(runtime::Shard& shard, const BackupKeeperOptions& options,
                           const Log& log)
    : shard_(shard),
      options_(options),
      log_(log),
      read_pool_(runtime::make_blocking_pool(1)),
      pool_(runtime::make_blocking_pool(1)) {
    if (options_.directory.empty()) {
        options_.directory = fmt::format("{}/{}", options_.data_directory, kBackupDirectory);
    }
    const std::vector<std::string> names = names_in(options_.directory);
    struct stat facts {};
    if (!names.empty() && ::stat((options_.directory + "/" + names[0]).c_str(), &facts) == 0) {
        const WallTime at = WallTime::from_ms(std::int64_t{facts.st_mtime} * 1000);
        facts_.last = api::BackupRun{.started_at = at,
                                     .ended_at = at,
                                     .file = names[0],
                                     .bytes = static_cast<std::uint64_t>(facts.st_size),
                                     .problem = {}};
    }
}

BackupKeeper::~BackupKeeper() {
    stop();
}

Status BackupKeeper::start(Done done) {
    if (facts_.is_running) {
        return fail(ErrorKind::Conflict, "a backup is being made already");
    }
    const WallTime now = wall_now();
    work_->bytes_done = 0;
    work_->bytes_total = 0;
    TRY(pool_->submit(shard_, [this, work = work_, options = options_, now,
                               done = std::move(done)] {
        return runtime::make_mail([this, run = make(options, now, *work), done](
                                      runtime::Shard&) mutable { on_made(std::move(run), done); });
    }));
    facts_.is_running = true;
    facts_.started_at = now;
    return {};
}

api::BackupRun BackupKeeper::make(const BackupKeeperOptions& options, WallTime now, Work& work) {
    api::BackupRun run{
        .started_at = now, .ended_at = {}, .file = name_for(now), .bytes = 0, .problem = {}};
    const std::string path = options.directory + "/" + run.file;
    if (::mkdir(options.directory.c_str(), 0700) != 0 && errno != EEXIST) {
        run.problem = because("make", options.directory);
    } else {
        const auto made = make_backup(
            {.data_directory = options.data_directory, .file = path, .now = now},
            [&work](std::string_view, std::uint64_t bytes_done, std::uint64_t bytes_total) {
                work.bytes_done = bytes_done;
                work.bytes_total = bytes_total;
                return !work.is_stopping;
            });
        run.problem = made ? "" : made.error().text;
    }
    run.ended_at = wall_now();
    if (run.problem.empty()) {
        std::error_code error;
        run.bytes = fs::file_size(path, error);
        const std::vector<std::string> names = names_in(options.directory);
        for (std::size_t i = options.kept_count; i < names.size(); ++i) {
            fs::remove(options.directory + "/" + names[i], error);
        }
    }
    return run;
}

void BackupKeeper::on_made(api::BackupRun run, const Done& done) {
    facts_.is_running = false;
    if (run.problem.empty()) {
        ++facts_.made_count;
        LOG(log_, Info, "backup made", {"file", run.file}, {"bytes", run.bytes});
    } else {
        ++facts_.failed_count;
        LOG(log_, Warn, "backup failed", {"reason", run.problem});
    }
    facts_.last = std::move(run);
    done(*facts_.last);
}

api::BackupFacts BackupKeeper::facts() const {
    api::BackupFacts facts = facts_;
    facts.bytes_done = work_->bytes_done;
    facts.bytes_total = work_->bytes_total;
    return facts;
}

Result<api::BackupFile> BackupKeeper::open() {
    const std::vector<std::string> names = names_in(options_.directory);
    if (names.empty()) {
        return fail(ErrorKind::NotFound, "no backup was made yet");
    }
    Descriptor file(options_.directory + "/" + names[0], O_RDONLY | O_NOFOLLOW);
    struct stat facts {};
    if (!file.is_open() || ::fstat(file.fd(), &facts) != 0) {
        return fail(ErrorKind::NotFound, "the newest backup cannot be read");
    }
    const auto size_bytes = static_cast<std::uint64_t>(facts.st_size);
    return api::BackupFile{
        .name = names[0],
        .content = std::make_unique<FileSource>(shard_, *read_pool_, std::move(file), size_bytes)};
}

}  // namespace kith::node

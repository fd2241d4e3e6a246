#include "node/backup_service.h"

#include "node/detail/descriptor.h"
#include "storage/limits.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <thread>

namespace kith::node {
namespace {

constexpr std::string_view kProgress = "progress ";
constexpr std::string_view kReady = "ready";
constexpr std::string_view kFailed = "failed ";
constexpr std::size_t kLineBytesMax = 256;
constexpr int kWaitingMax = 4;

/// An address through a descriptor of the directory, because a path in it has 107 bytes at most.
class SocketName {
  public:
    explicit SocketName(const NodeDirectory& data) : directory_(data.path(), O_PATH | O_DIRECTORY) {
        address_.sun_family = AF_UNIX;
        const std::string path = fmt::format("/proc/self/fd/{}/{}", directory_.fd(), kBackupSocket);
        path.copy(address_.sun_path, sizeof(address_.sun_path) - 1);
    }
    [[nodiscard]] const sockaddr* address() const {
        return reinterpret_cast<const sockaddr*>(&address_);
    }
    [[nodiscard]] static socklen_t size() { return sizeof(sockaddr_un); }

  private:
    Descriptor directory_;
    sockaddr_un address_{};
};

}  // namespace

struct BackupService::Impl {
    Impl(const NodeDirectory& data_in, storage::Journal& journal_in, const Log& log_in)
        : data(data_in), journal(journal_in), log(log_in), copy_path(data.file(kMessagesCopy)) {}
    ~Impl();
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void serve();
    void serve_one(int fd);
    /// Errors: Closed if the asker has gone or the node stops, and those of the store.
    [[nodiscard]] Status copy(int fd) const;
    void sync_copy() const;
    /// Waits until `fd` is ready for `events` or has ended; false if the node stops.
    [[nodiscard]] bool wait_for(int fd, short events) const;
    /// Whether the asker has gone or the node stops.
    [[nodiscard]] bool is_over(int fd) const;

    const NodeDirectory& data;
    storage::Journal& journal;
    const Log& log;
    const std::string copy_path;
    int listen_fd = -1;
    int stop_fd = -1;
    std::thread thread;
};

OrProblem<std::unique_ptr<BackupService>> BackupService::start(const NodeDirectory& data,
                                                               storage::Journal& journal,
                                                               const Log& log) {
    auto impl = std::make_unique<Impl>(data, journal, log);
    const std::string path = data.file(kBackupSocket);
    // What a node that was killed has left; the lock says that none is running.
    ::unlink(path.c_str());
    ::unlink(impl->copy_path.c_str());
    impl->stop_fd = ::eventfd(0, EFD_CLOEXEC);
    impl->listen_fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const SocketName name(data);
    if (impl->stop_fd < 0 || impl->listen_fd < 0 ||
        ::bind(impl->listen_fd, name.address(), SocketName::size()) != 0 ||
        ::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 ||
        ::listen(impl->listen_fd, kWaitingMax) != 0) {
        return problem(because("listen on", path));
    }
    impl->thread = std::thread([running = impl.get()] { running->serve(); });
    return std::unique_ptr<BackupService>(new BackupService(std::move(impl)));
}

BackupService::BackupService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

BackupService::~BackupService() = default;

BackupService::Impl::~Impl() {
    if (thread.joinable()) {
        constexpr std::uint64_t kOne = 1;
        (void)!::write(stop_fd, &kOne, sizeof(kOne));
        thread.join();
        ::unlink(data.file(kBackupSocket).c_str());
    }
    for (const int fd : {listen_fd, stop_fd}) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
}

void BackupService::Impl::serve() {
    while (wait_for(listen_fd, POLLIN)) {
        const int fd = ::accept4(listen_fd, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0) {
            serve_one(fd);
            ::close(fd);
        }
    }
}

void BackupService::Impl::serve_one(int fd) {
    ::unlink(copy_path.c_str());
    const Status copied = copy(fd);
    journal.between_commits([](storage::MessageStore& store) { store.end_copy(); });
    if (copied || copied.error().kind != ErrorKind::Closed) {
        const std::string line = copied ? fmt::format("{}\n", kReady)
                                        : fmt::format("{}{}\n", kFailed, copied.error().text);
        // An asker that reads nothing must not hold up a node that stops.
        if (wait_for(fd, POLLOUT)) {
            (void)::send(fd, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        }
    }
    if (copied) {
        LOG(log, Info, "store copied for a backup");
        (void)wait_for(fd, POLLIN);
    } else {
        LOG(log, Warn, "store not copied for a backup", {"reason", copied.error().text},
            {"code", copied.error().code});
    }
    ::unlink(copy_path.c_str());
}

Status BackupService::Impl::copy(int fd) const {
    Status begun;
    journal.between_commits(
        [&](storage::MessageStore& store) { begun = store.begin_copy(copy_path); });
    TRY(begun);
    for (;;) {
        Result<storage::CopyProgress> progress;
        journal.between_commits([&](storage::MessageStore& store) {
            progress = store.step_copy(storage::kCopyStepBytes);
        });
        TRY(progress);
        if (progress->is_done) {
            return {};
        }
        sync_copy();
        const std::string line =
            fmt::format("{}{} {}\n", kProgress, progress->bytes_done, progress->bytes_total);
        const bool is_sent = ::send(fd, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
        if ((!is_sent && errno != EAGAIN) || is_over(fd)) {
            return fail(ErrorKind::Closed, "the backup was broken off");
        }
    }
}

/// Here and not on the journal's thread. What piled up unwritten would be written at once by the
/// file system, and a commit that syncs at that moment would wait for all of it.
void BackupService::Impl::sync_copy() const {
    const Descriptor file(copy_path, O_RDONLY);
    if (file.is_open()) {
        (void)::fdatasync(file.fd());  // a failure shows when the copy is read
    }
}

bool BackupService::Impl::wait_for(int fd, short events) const {
    for (;;) {
        pollfd waits[] = {{.fd = fd, .events = events, .revents = 0},
                          {.fd = stop_fd, .events = POLLIN, .revents = 0}};
        const int count = ::poll(waits, 2, -1);
        if (count > 0) {
            return waits[1].revents == 0;
        }
        if (count < 0 && errno != EINTR) {
            return false;
        }
    }
}

bool BackupService::Impl::is_over(int fd) const {
    pollfd waits[] = {{.fd = fd, .events = POLLIN, .revents = 0},
                      {.fd = stop_fd, .events = POLLIN, .revents = 0}};
    return ::poll(waits, 2, 0) != 0;
}

OrProblem<BackupClient> BackupClient::connect(const NodeDirectory& data) {
    BackupClient client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const SocketName name(data);
    if (client.fd_ < 0 || ::connect(client.fd_, name.address(), SocketName::size()) != 0) {
        return problem(
            fmt::format("the process {} that holds {} gives no copy: {} (it may be "
                        "starting or stopping; try again)",
                        data.holder(), data.path(), std::strerror(errno)));
    }
    return client;
}

BackupClient::~BackupClient() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

OrProblem<void> BackupClient::wait_for_copy(const storage::CopyListener& on_progress) {
    std::string line;
    for (;;) {
        char each = 0;
        const ssize_t count = ::recv(fd_, &each, 1, 0);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0 || line.size() >= kLineBytesMax) {
            return problem("the node broke off the copy; did it stop?");
        }
        if (each != '\n') {
            line += each;
            continue;
        }
        if (line == kReady) {
            return {};
        }
        if (line.starts_with(kFailed)) {
            return problem("the node could not copy messages.db: " + line.substr(kFailed.size()));
        }
        if (line.starts_with(kProgress)) {
            char* end = nullptr;
            const std::uint64_t done = std::strtoull(line.c_str() + kProgress.size(), &end, 10);
            const std::uint64_t total = std::strtoull(end, nullptr, 10);
            on_progress({.bytes_done = done, .bytes_total = total});
        }
        line.clear();
    }
}

}  // namespace kith::node

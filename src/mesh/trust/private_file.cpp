#include "mesh/trust/private_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace kith::mesh {
namespace {

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

/// A descriptor that is closed on the way out.
class Open {
  public:
    Open(const std::string& path, int flags)
        : fd_(::open(path.c_str(), flags | O_CLOEXEC, S_IRUSR | S_IWUSR)) {}
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;
    ~Open() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] bool is_open() const { return fd_ >= 0; }

  private:
    int fd_;
};

tl::unexpected<FileProblem> because(std::string_view what, const std::string& path) {
    return file_problem(fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)));
}

bool write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t count = ::write(fd, content.data(), content.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return false;
        }
        content.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

/// A regular file of sensible size that is nobody else's business.
OrFileProblem<void> check_private(int fd, const std::string& path) {
    struct stat facts {};
    if (::fstat(fd, &facts) != 0) {
        return because("read", path);
    }
    if (!S_ISREG(facts.st_mode)) {
        return file_problem(fmt::format("{} is not a file", path));
    }
    if ((facts.st_mode & kOthers) != 0) {
        return file_problem(fmt::format(
            "{0}: others than its owner can read or change this file; if nobody has, make it "
            "private: chmod 600 {0}",
            path));
    }
    if (facts.st_size > static_cast<off_t>(kPrivateFileBytesMax)) {
        return file_problem(fmt::format("{} has more than 4 MiB, which is not ours", path));
    }
    return {};
}

OrFileProblem<std::string> read_all(int fd, const std::string& path) {
    std::string content;
    std::array<char, 4096> buffer{};
    while (content.size() <= kPrivateFileBytesMax) {
        const ssize_t count = ::read(fd, buffer.data(), buffer.size());
        if (count == 0) {
            return content;
        }
        if (count < 0 && errno != EINTR) {
            return because("read", path);
        }
        if (count > 0) {
            content.append(buffer.data(), static_cast<std::size_t>(count));
        }
    }
    return file_problem(fmt::format("{} grows while it is read", path));
}

/// The names in the directory of `path` are on disk, too.
OrFileProblem<void> sync_directory_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const Open open(directory, O_RDONLY | O_DIRECTORY);
    if (!open.is_open() || ::fsync(open.fd()) != 0) {
        return because("sync", directory);
    }
    return {};
}

}  // namespace

OrFileProblem<void> make_private_directory(const std::string& path) {
    if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
        return because("make", path);
    }
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0) {
        return because("read", path);
    }
    if (!S_ISDIR(facts.st_mode)) {
        return file_problem(fmt::format("{} is not a directory", path));
    }
    if ((facts.st_mode & kOthers) != 0) {
        return file_problem(fmt::format(
            "{0}: others than its owner can look into this directory; make it private: chmod 700 "
            "{0}",
            path));
    }
    return {};
}

OrFileProblem<std::optional<std::string>> find_private_file(const std::string& path) {
    const Open open(path, O_RDONLY);
    if (!open.is_open() && errno == ENOENT) {
        return std::nullopt;
    }
    if (!open.is_open()) {
        return because("read", path);
    }
    if (auto good = check_private(open.fd(), path); !good) {
        return tl::unexpected(good.error());
    }
    return read_all(open.fd(), path).map([](std::string content) {
        return std::optional(std::move(content));
    });
}

OrFileProblem<std::string> read_private_file(const std::string& path) {
    auto content = find_private_file(path);
    if (!content) {
        return tl::unexpected(content.error());
    }
    if (!*content) {
        return file_problem(fmt::format("{} is missing", path));
    }
    return std::move(**content);
}

OrFileProblem<void> write_private_file(const std::string& path, std::string_view content) {
    const std::string beside = path + ".new";
    // What a crash has left there may have any mode.
    if (::unlink(beside.c_str()) != 0 && errno != ENOENT) {
        return because("remove", beside);
    }
    {
        const Open open(beside, O_WRONLY | O_CREAT | O_EXCL);
        if (!open.is_open() || !write_all(open.fd(), content) || ::fsync(open.fd()) != 0) {
            return because("write", beside);
        }
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) {
        return because("rename to", path);
    }
    return sync_directory_of(path);
}

OrFileProblem<FileLock> FileLock::acquire(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        return because("open", path);
    }
    FileLock lock(fd);
    while (::flock(fd, LOCK_EX) != 0) {
        if (errno != EINTR) {
            return because("lock", path);
        }
    }
    return lock;
}

OrFileProblem<std::optional<FileLock>> FileLock::try_acquire(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        return because("open", path);
    }
    FileLock lock(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? OrFileProblem<std::optional<FileLock>>(std::nullopt)
                                    : because("lock", path);
    }
    // The lock is what holds; a number that cannot be written harms nobody.
    if (::ftruncate(fd, 0) == 0) {
        static_cast<void>(write_all(fd, std::to_string(::getpid()) + "\n"));
    }
    return std::optional(std::move(lock));
}

FileLock::~FileLock() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

}  // namespace kith::mesh

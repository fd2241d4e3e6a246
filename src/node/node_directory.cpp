#include "node/node_directory.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace kith::node {
namespace {

std::string because(const char* what, const std::string& path) {
    return fmt::format("cannot {} {}: {}", what, path, std::strerror(errno));
}

/// Closes on the way out.
class File {
  public:
    explicit File(int fd) : fd_(fd) {}
    ~File() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    [[nodiscard]] int fd() const { return fd_; }

  private:
    int fd_;
};

bool write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno != EINTR) {
            return false;
        }
        if (written > 0) {
            content.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    return true;
}

}  // namespace

OrProblem<NodeDirectory> NodeDirectory::open(const std::string& path) {
    std::error_code error;
    const std::filesystem::path directory(path);
    if (directory.has_parent_path()) {
        std::filesystem::create_directories(directory.parent_path(), error);
    }
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        return problem(because("make the data directory", path));
    }
    if (!std::filesystem::is_directory(directory, error)) {
        return problem(fmt::format("data directory {} is not a directory", path));
    }
    return NodeDirectory(path);
}

NodeDirectory::NodeDirectory(NodeDirectory&& other) noexcept
    : path_(std::move(other.path_)), lock_fd_(std::exchange(other.lock_fd_, -1)) {}

NodeDirectory::~NodeDirectory() {
    if (lock_fd_ >= 0) {
        ::close(lock_fd_);
    }
}

OrProblem<void> NodeDirectory::lock() {
    const std::string path = file("lock");
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return problem(because("open", path));
    }
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        ::close(fd);
        return problem(
            fmt::format("another node runs in {} (process {}); stop it or choose "
                        "another directory with --data",
                        path_, holder()));
    }
    lock_fd_ = fd;
    // For people only: the lock is what holds, so a number that cannot be written harms nobody.
    const std::string process = fmt::format("{}\n", ::getpid());
    if (::ftruncate(fd, 0) == 0) {
        (void)write_all(fd, process);
    }
    return {};
}

std::string NodeDirectory::holder() const {
    const auto content = read_file(file("lock"));
    const std::string process = content ? content->substr(0, content->find('\n')) : "";
    return process.empty() ? "unknown" : process;
}

std::string NodeDirectory::file(std::string_view name) const {
    return path_ + "/" + std::string(name);
}

OrProblem<std::string> read_file(const std::string& path) {
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.fd() < 0) {
        return problem(because("read", path));
    }
    std::string content;
    char buffer[4096];
    for (;;) {
        const ssize_t count = ::read(file.fd(), buffer, sizeof(buffer));
        if (count == 0) {
            return content;
        }
        if (count < 0 && errno != EINTR) {
            return problem(because("read", path));
        }
        if (count > 0) {
            content.append(buffer, static_cast<std::size_t>(count));
        }
    }
}

OrProblem<void> write_private_file(const std::string& path, std::string_view content) {
    const std::string beside = path + ".new";
    {
        const File file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        if (file.fd() < 0 || !write_all(file.fd(), content) || ::fsync(file.fd()) != 0) {
            return problem(because("write", beside));
        }
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) {
        return problem(because("rename to", path));
    }
    return {};
}

}  // namespace kith::node

#include "node/node_directory.h"

#include "node/detail/descriptor.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace kith::node {
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

OrProblem<void> NodeDirectory::lock() {
    const std::string path = file("lock");
    Descriptor lock(path, O_RDWR | O_CREAT);
    if (!lock.is_open()) {
        return problem(because("open", path));
    }
    if (::flock(lock.fd(), LOCK_EX | LOCK_NB) != 0) {
        return problem(
            fmt::format("another node runs in {} (process {}); stop it or choose "
                        "another directory with --data",
                        path_, holder()));
    }
    // For people only: the lock is what holds, so a number that cannot be written harms nobody.
    const std::string process = fmt::format("{}\n", ::getpid());
    if (::ftruncate(lock.fd(), 0) == 0) {
        (void)write_all(lock.fd(), process);
    }
    lock_ = std::move(lock);
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
    const Descriptor file(path, O_RDONLY);
    if (!file.is_open()) {
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
        const Descriptor file(beside, O_WRONLY | O_CREAT | O_TRUNC);
        if (!file.is_open() || !write_all(file.fd(), content) || ::fsync(file.fd()) != 0) {
            return problem(because("write", beside));
        }
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) {
        return problem(because("rename to", path));
    }
    return {};
}

}  // namespace kith::node

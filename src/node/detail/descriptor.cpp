#include "node/detail/descriptor.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace kith::node {

Descriptor::Descriptor(const std::string& path, int flags)
    : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}

void Descriptor::close() {
    if (fd_ >= 0) {
        ::close(std::exchange(fd_, -1));
    }
}

bool write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t count = ::write(fd, content.data(), content.size());
        if (count < 0 && errno != EINTR) {
            return false;
        }
        if (count > 0) {
            content.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    return true;
}

std::string because(std::string_view what, const std::string& path) {
    return fmt::format("cannot {} {}: {}", what, path, std::strerror(errno));
}

OrProblem<void> sync_directory(const std::string& path) {
    const Descriptor directory(path, O_RDONLY | O_DIRECTORY);
    if (!directory.is_open() || ::fsync(directory.fd()) != 0) {
        return problem(because("sync", path));
    }
    return {};
}

}  // namespace kith::node

// A file descriptor that is closed on the way out, and what is done with whole files.
//
// Threads: one at a time.
#pragma once

#include "node/problem.h"

#include <string>
#include <string_view>
#include <utility>

namespace kith::node {

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    /// open() with close-on-exec; mode 0600 for a file that it makes.
    Descriptor(const std::string& path, int flags);
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() { close(); }

    [[nodiscard]] bool is_open() const { return fd_ >= 0; }
    [[nodiscard]] int fd() const { return fd_; }
    void close();

  private:
    int fd_;
};

/// False, with errno, if not all of it could be written.
[[nodiscard]] bool write_all(int fd, std::string_view content);

/// "cannot WHAT PATH: " and what errno says.
[[nodiscard]] std::string because(std::string_view what, const std::string& path);

/// Puts the names in a directory on disk.
[[nodiscard]] OrProblem<void> sync_directory(const std::string& path);

}  // namespace kith::node

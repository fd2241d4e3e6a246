// Small files that are for the node's user alone: keys, invites, membership.
//
// Written beside and renamed, so that a crash leaves the old file or the new one. A file that
// others can read is refused: what is in it has been nobody's secret. Problems name file, reason
// and what to do. Threads: any; blocks on the disk. Limits: kPrivateFileBytesMax.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace kith::mesh {

/// More than any of them has: 256 invites that hundreds of nodes have used.
inline constexpr std::size_t kPrivateFileBytesMax = 4U << 20U;

/// What is wrong, for the person at the keyboard.
struct FileProblem {
    std::string text;
};
template <typename T>
using OrFileProblem = tl::expected<T, FileProblem>;

[[nodiscard]] inline tl::unexpected<FileProblem> file_problem(std::string text) {
    return tl::unexpected(FileProblem{std::move(text)});
}

/// Mode 0700; one that is there already has to have it.
[[nodiscard]] OrFileProblem<void> make_private_directory(const std::string& path);
[[nodiscard]] OrFileProblem<std::string> read_private_file(const std::string& path);
/// Nothing if there is no such file.
[[nodiscard]] OrFileProblem<std::optional<std::string>> find_private_file(const std::string& path);
/// Mode 0600; on disk when this returns.
[[nodiscard]] OrFileProblem<void> write_private_file(const std::string& path,
                                                     std::string_view content);

/// Keeps other processes, and other objects of this one, from changing what a file stands for.
class FileLock {
  public:
    /// Waits for whoever has it.
    [[nodiscard]] static OrFileProblem<FileLock> acquire(const std::string& path);
    /// Nothing if somebody has it; the file then tells, for people, which process.
    [[nodiscard]] static OrFileProblem<std::optional<FileLock>> try_acquire(
        const std::string& path);
    FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FileLock& operator=(FileLock&&) = delete;
    ~FileLock();

  private:
    explicit FileLock(int fd) : fd_(fd) {}

    int fd_;
};

}  // namespace kith::mesh

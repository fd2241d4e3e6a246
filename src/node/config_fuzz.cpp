// Any configuration: text of a file and, behind NUL bytes, KEY=VALUE of the command line. It is
// refused with a reason, or it is one that says the same when it is written down and read again.
#include "node/config.h"

#include "base/check.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kith::node {
namespace {

constexpr std::size_t kOverridesMax = 16;

/// A file that is in memory only.
class MemoryFile {
  public:
    MemoryFile() : fd_(::memfd_create("config", MFD_CLOEXEC)) { CHECK(fd_ >= 0); }
    [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }
    void set(std::string_view content) const {
        CHECK(::ftruncate(fd_, 0) == 0);
        const ssize_t written = ::pwrite(fd_, content.data(), content.size(), 0);
        CHECK(written == static_cast<ssize_t>(content.size()));
    }

  private:
    int fd_;  // as long as the process
};

void try_config(std::string_view input) {
    static const MemoryFile file;
    std::size_t end = std::min(input.find('\0'), input.size());
    file.set(input.substr(0, end));
    ConfigSources sources{.file = file.path(), .overrides = {}};
    while (end < input.size() && sources.overrides.size() < kOverridesMax) {
        input.remove_prefix(end + 1);
        end = std::min(input.find('\0'), input.size());
        const std::string_view word = input.substr(0, end);
        const std::size_t equals = std::min(word.find('='), word.size());
        sources.overrides.push_back(
            {.key = std::string(word.substr(0, equals)),
             .value = std::string(word.substr(std::min(equals + 1, word.size()))),
             .source = "--set"});
    }
    const auto config = load_config(sources);
    if (!config) {
        CHECK(!config.error().text.empty());
        return;
    }
    const std::string written = to_toml(*config);
    file.set(written);
    const auto again = load_config({.file = file.path(), .overrides = {}});
    CHECK_TEXT(again.has_value(), "what was written down is refused");
    CHECK(to_toml(*again) == written);
}

}  // namespace
}  // namespace kith::node

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    kith::node::try_config({reinterpret_cast<const char*>(bytes), size});
    return 0;
}

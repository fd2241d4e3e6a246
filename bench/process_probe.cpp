#include "bench/process_probe.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace kith::bench {
namespace {

class ProcProbe final : public ProcessProbe {
  public:
    explicit ProcProbe(int pid)
        : folder_("/proc/" + std::to_string(pid)), ticks_per_s_(sysconf(_SC_CLK_TCK)) {}

    Result<ProcessUse> read() override {
        TRY_ASSIGN(const std::uint64_t ticks, parse_stat_ticks(content("/stat")));
        TRY_ASSIGN(const std::uint64_t rss_bytes, parse_status_rss(content("/status")));
        return ProcessUse{.cpu = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(
                              static_cast<double>(ticks) / static_cast<double>(ticks_per_s_))),
                          .rss_bytes = rss_bytes};
    }

  private:
    [[nodiscard]] std::string content(const char* name) const {
        std::ifstream file(folder_ + name);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    std::string folder_;
    long ticks_per_s_;
};

class ThreadProbe final : public ProcessProbe {
  public:
    Result<ProcessUse> read() override {
        timespec time{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return ProcessUse{.cpu = std::chrono::seconds(time.tv_sec) + Duration(time.tv_nsec),
                          .rss_bytes = 0};
    }
};

/// Takes the next word of `text`, words being apart by white space.
std::string_view take_word(std::string_view& text) {
    const std::size_t begin = std::min(text.find_first_not_of(" \t\n"), text.size());
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find_first_of(" \t\n"), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end);
    return word;
}

std::optional<std::uint64_t> to_number(std::string_view word) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    return error == std::errc() && end == word.data() + word.size() ? std::optional(number)
                                                                    : std::nullopt;
}

}  // namespace

Result<std::unique_ptr<ProcessProbe>> make_process_probe(int pid) {
    auto probe = std::make_unique<ProcProbe>(pid);
    if (!probe->read()) {
        return fail(ErrorKind::NotFound, "no such process");
    }
    return probe;
}

std::unique_ptr<ProcessProbe> make_thread_probe() {
    return std::make_unique<ThreadProbe>();
}

Result<std::uint64_t> parse_stat_ticks(std::string_view text) {
    // The second field is the program's name in parentheses, which may contain anything.
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string_view::npos) {
        return fail(ErrorKind::Malformed, "not a line of /proc/PID/stat");
    }
    text.remove_prefix(name_end + 1);
    constexpr int kFieldsBetween = 11;  // fields 3 to 13; utime is 14, stime 15: proc(5)
    for (int i = 0; i < kFieldsBetween; ++i) {
        take_word(text);
    }
    const std::optional<std::uint64_t> user = to_number(take_word(text));
    const std::optional<std::uint64_t> system = to_number(take_word(text));
    if (!user || !system) {
        return fail(ErrorKind::Malformed, "not a line of /proc/PID/stat");
    }
    return *user + *system;
}

Result<std::uint64_t> parse_status_rss(std::string_view text) {
    constexpr std::string_view kKey = "VmRSS:";
    const std::size_t at = text.find(kKey);
    if (at == std::string_view::npos) {
        return fail(ErrorKind::Malformed, "no VmRSS in /proc/PID/status");
    }
    text.remove_prefix(at + kKey.size());
    const std::optional<std::uint64_t> kib = to_number(take_word(text));
    if (!kib || take_word(text) != "kB") {
        return fail(ErrorKind::Malformed, "VmRSS is not a number of kB");
    }
    return *kib * 1024;
}

}  // namespace kith::bench

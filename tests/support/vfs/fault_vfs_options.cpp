// The options of a fault VFS as text.
#include <charconv>
#include <chrono>
#include <thread>

#include "tests/support/vfs/fault_vfs.h"

namespace kith::test {
namespace {

template <typename Number>
Result<Number> parse_number(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
        return fail(ErrorKind::Invalid, "a fault option's value is no number of its range");
    }
    return number;
}

Status set_option(FaultVfsOptions& options, std::string_view key, std::string_view value) {
    if (key == "leak") {
        TRY_ASSIGN(options.leak_chance, parse_number<double>(value));
        if (!(options.leak_chance >= 0 && options.leak_chance <= 1)) {
            return fail(ErrorKind::Invalid, "a leak chance is from 0 to 1");
        }
        return {};
    }
    TRY_ASSIGN(const auto number, parse_number<std::uint64_t>(value));
    if (key == "seed") {
        options.seed = number;
    } else if (key == "cut") {
        options.cut_at = number;
    } else if (key == "fail") {
        options.fail_at = number;
    } else if (key == "fails") {
        options.fail_count = number;
    } else if (key == "space") {
        options.space_bytes = number;
    } else if (key == "sync_us") {
        options.on_sync = [number] {
            // style: a slow disk is slow by the clock of the node under test.
            std::this_thread::sleep_for(std::chrono::microseconds(number));
        };
    } else {
        return fail(ErrorKind::Invalid, "a fault option is unknown");
    }
    return {};
}

}  // namespace

Result<FaultVfsOptions> parse_fault_vfs_options(std::string_view text) {
    FaultVfsOptions options;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(','), text.size());
        const std::string_view option = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t equals = option.find('=');
        if (equals == std::string_view::npos) {
            return fail(ErrorKind::Invalid, "a fault option is not key=value");
        }
        TRY(set_option(options, option.substr(0, equals), option.substr(equals + 1)));
    }
    return options;
}

}  // namespace kith::test

#include "tools/linkemu/schedule.h"

#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

namespace kith::linkemu {
namespace {

struct Unit {
    std::string_view name;
    double factor;
};

constexpr std::array kTimes = {Unit{"us", 1e3}, Unit{"ms", 1e6}, Unit{"s", 1e9}, Unit{"min", 60e9}};
constexpr std::array kRates = {Unit{"kbit", 1e3}, Unit{"mbit", 1e6}, Unit{"gbit", 1e9}};
constexpr std::array kSizes = {Unit{"B", 1}, Unit{"kB", 1e3}, Unit{"MB", 1e6}};
constexpr std::array kShares = {Unit{"%", 0.01}};
constexpr double kTimeNsMax = 86'400e9;
constexpr double kRateMax = 100e9;
constexpr double kSizeMax = 1e9;

/// "40ms": a number and one of these units, times the unit.
Result<double> quantity(std::string_view text, std::span<const Unit> units, double max) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || !std::isfinite(number) || number < 0) {
        return fail(ErrorKind::Invalid, "not a number with a unit");
    }
    const std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
    for (const Unit& unit : units) {
        if (unit.name == name) {
            if (number * unit.factor > max) {
                return fail(ErrorKind::Limit, "a number too large");
            }
            return number * unit.factor;
        }
    }
    return fail(ErrorKind::Invalid, "an unknown unit, or none");
}

Result<Duration> time(std::string_view text) {
    TRY_ASSIGN(const double ns, quantity(text, kTimes, kTimeNsMax));
    return Duration(std::llround(ns));
}

Result<double> share(std::string_view text) {
    return quantity(text, kShares, 1);
}

/// "40ms" or "40ms+-10ms".
Status set_delay(Order& order, std::string_view text) {
    const std::size_t at = text.find("+-");
    TRY_ASSIGN(order.delay, time(text.substr(0, at)));
    if (at != std::string_view::npos) {
        TRY_ASSIGN(order.jitter, time(text.substr(at + 2)));
    }
    return {};
}

Status set_cut(Order& order, std::string_view text) {
    if (text != "yes" && text != "no") {
        return fail(ErrorKind::Invalid, "cut is yes or no");
    }
    order.is_cut = text == "yes";
    return {};
}

Status set(Order& order, std::string_view key, std::string_view value) {
    if (key == "t") {
        TRY_ASSIGN(order.at, time(value));
    } else if (key == "delay") {
        TRY(set_delay(order, value));
    } else if (key == "jitter") {
        TRY_ASSIGN(order.jitter, time(value));
    } else if (key == "loss") {
        TRY_ASSIGN(order.loss, share(value));
    } else if (key == "duplicate") {
        TRY_ASSIGN(order.duplicate, share(value));
    } else if (key == "reorder") {
        TRY_ASSIGN(order.reorder, share(value));
    } else if (key == "rate") {
        TRY_ASSIGN(const double rate, quantity(value, kRates, kRateMax));
        order.bits_per_s = static_cast<std::uint64_t>(rate);
    } else if (key == "queue") {
        TRY_ASSIGN(const double bytes, quantity(value, kSizes, kSizeMax));
        order.queue_bytes = static_cast<std::size_t>(bytes);
    } else if (key == "cut") {
        TRY(set_cut(order, value));
    } else {
        return fail(ErrorKind::Invalid, "an unknown key");
    }
    return {};
}

std::vector<std::string_view> words_of(std::string_view line) {
    line = line.substr(0, line.find('#'));
    std::vector<std::string_view> words;
    constexpr std::string_view kBlank = " \t\r";
    for (std::size_t at = line.find_first_not_of(kBlank); at != std::string_view::npos;) {
        const std::size_t end = std::min(line.find_first_of(kBlank, at), line.size());
        words.push_back(line.substr(at, end - at));
        at = line.find_first_not_of(kBlank, end);
    }
    return words;
}

}  // namespace

Result<std::optional<Order>> parse_order(std::string_view line) {
    if (line.size() > kLineBytesMax) {
        return fail(ErrorKind::Limit, "a line too long");
    }
    const std::vector<std::string_view> words = words_of(line);
    if (words.empty()) {
        return std::nullopt;
    }
    Order order;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i];
        const std::size_t equal = word.find('=');
        if (word == "clear") {
            order.clears = true;
        } else if (word == "link" || word == "to") {
            if (++i == words.size()) {
                return fail(ErrorKind::Invalid, "a name is missing");
            }
            (word == "link" ? order.link : order.to) = words[i];
        } else if (equal == std::string_view::npos) {
            return fail(ErrorKind::Invalid, "a word that is no key=value");
        } else {
            TRY(set(order, word.substr(0, equal), word.substr(equal + 1)));
        }
    }
    if (order.link.empty()) {
        return fail(ErrorKind::Invalid, "which link is missing");
    }
    return order;
}

WireSettings Order::applied_to(const WireSettings& before) const {
    WireSettings after = clears ? WireSettings{} : before;
    after.delay = delay.value_or(after.delay);
    after.jitter = jitter.value_or(after.jitter);
    after.loss = loss.value_or(after.loss);
    after.duplicate = duplicate.value_or(after.duplicate);
    after.reorder = reorder.value_or(after.reorder);
    after.bits_per_s = bits_per_s.value_or(after.bits_per_s);
    after.queue_bytes = queue_bytes.value_or(after.queue_bytes);
    after.is_cut = is_cut.value_or(after.is_cut);
    return after;
}

}  // namespace kith::linkemu

#include "node/detail/key_kinds.h"

#include <charconv>

namespace kith::node {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t factor;
};

/// "64KiB" with the units given; nothing if it is not a number with one of them.
std::optional<std::int64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) {
        return std::nullopt;
    }
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    for (const Unit& each : units) {
        std::int64_t product = 0;
        if (each.name == unit && !__builtin_mul_overflow(number, each.factor, &product)) {
            return product;
        }
    }
    return std::nullopt;
}

constexpr Unit kSizeUnits[] = {
    {"", 1}, {"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}};
constexpr Unit kDurationUnits[] = {
    {"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};

}  // namespace

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + "\"";
}

std::optional<std::int64_t> number_of(const ConfigValue& value) {
    if (value.type == KeyType::Integer) {
        return value.integer;
    }
    return value.type == KeyType::Text ? parse_with_unit(value.text, kSizeUnits) : std::nullopt;
}

std::optional<std::int64_t> ms_of(const ConfigValue& value) {
    return value.type == KeyType::Text ? parse_with_unit(value.text, kDurationUnits) : std::nullopt;
}

}  // namespace kith::node

// The kinds of configuration keys: number, duration, truth, text, address, list, choice.
//
// Each makes a ConfigKey of what is said of it and where its value is kept, which MEMBER() names; a
// value is read and shown in the same manner for every key of a kind. Threads: immutable.
#pragma once

#include "node/config.h"
#include "node/config_keys.h"
#include "runtime/address.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace kith::node {

/// As TOML writes a text.
[[nodiscard]] std::string quoted(std::string_view text);

/// A number, or a text like "64KiB"; nothing if it is neither.
[[nodiscard]] std::optional<std::int64_t> number_of(const ConfigValue& value);
/// A text like "50ms" or "10s", in milliseconds; nothing if it is none.
[[nodiscard]] std::optional<std::int64_t> ms_of(const ConfigValue& value);

// style: a macro, as a pointer to a member cannot lead to a member of a member.
#define MEMBER(path)                   \
    [](NodeConfig & config) -> auto& { \
        return config.path;            \
    }

/// What a key is called and what is said of it.
struct KeyText {
    std::string_view name;
    std::string_view expected;
    std::string_view summary;
};

template <typename T>
struct Range {
    T min;
    T max;
};

/// A key that is a number in `range`. `member(config)` gives a reference to it.
template <typename Member>
ConfigKey integer_key(const KeyText& text, Range<std::int64_t> range, Member member) {
    return {.name = text.name,
            .expected = text.expected,
            .summary = text.summary,
            .set =
                [range, member](NodeConfig& config, const ConfigValue& value) {
                    const std::optional<std::int64_t> number = number_of(value);
                    if (!number || *number < range.min || *number > range.max) {
                        return false;
                    }
                    auto& target = member(config);
                    target = static_cast<std::remove_reference_t<decltype(target)>>(*number);
                    return true;
                },
            .show =
                [member](const NodeConfig& config) {
                    return std::to_string(member(const_cast<NodeConfig&>(config)));
                }};
}

template <typename Member>
ConfigKey boolean_key(std::string_view name, std::string_view summary, Member member) {
    return {.name = name,
            .expected = "true or false",
            .summary = summary,
            .set =
                [member](NodeConfig& config, const ConfigValue& value) {
                    if (value.type == KeyType::Boolean) {
                        member(config) = value.boolean;
                    } else if (value.text == "true" || value.text == "false") {
                        member(config) = value.text == "true";
                    } else {
                        return false;
                    }
                    return true;
                },
            .show =
                [member](const NodeConfig& config) {
                    return member(const_cast<NodeConfig&>(config)) ? "true" : "false";
                }};
}

template <typename Member>
ConfigKey text_key(std::string_view name, std::string_view expected, std::string_view summary,
                   Member member) {
    return {.name = name,
            .expected = expected,
            .summary = summary,
            .set =
                [member](NodeConfig& config, const ConfigValue& value) {
                    if (value.type != KeyType::Text) {
                        return false;
                    }
                    member(config) = value.text;
                    return true;
                },
            .show =
                [member](const NodeConfig& config) {
                    return quoted(member(const_cast<NodeConfig&>(config)));
                }};
}

template <typename Member>
ConfigKey address_key(std::string_view name, std::string_view summary, Member member) {
    ConfigKey key = text_key(name, "\"ADDRESS:PORT\" or \"off\"", summary, member);
    key.set = [member](NodeConfig& config, const ConfigValue& value) {
        const bool is_valid =
            value.type == KeyType::Text &&
            (value.text == "off" || runtime::SocketAddress::parse(value.text).has_value());
        if (is_valid) {
            member(config) = value.text;
        }
        return is_valid;
    };
    return key;
}

/// A key that is a duration, written "50ms" or "10s".
template <typename Member>
ConfigKey duration_key(const KeyText& text, Range<Duration> range, Member member) {
    return {
        .name = text.name,
        .expected = text.expected,
        .summary = text.summary,
        .set =
            [range, member](NodeConfig& config, const ConfigValue& value) {
                const std::optional<std::int64_t> ms = ms_of(value);
                if (!ms || *ms < to_ms(range.min) || *ms > to_ms(range.max)) {
                    return false;
                }
                member(config) = std::chrono::milliseconds(*ms);
                return true;
            },
        .show =
            [member](const NodeConfig& config) {
                return quoted(fmt::format("{}ms", to_ms(member(const_cast<NodeConfig&>(config)))));
            }};
}

/// A key that is a list of texts, of which each must be `is_good`; a single one may stand alone.
template <typename Member>
ConfigKey list_key(const KeyText& text, bool (*is_good)(const std::string&), Member member) {
    return {.name = text.name,
            .expected = text.expected,
            .summary = text.summary,
            .set =
                [is_good, member](NodeConfig& config, const ConfigValue& value) {
                    const bool is_list = value.type == KeyType::TextList;
                    if (!is_list && value.type != KeyType::Text) {
                        return false;
                    }
                    const std::vector<std::string> list =
                        is_list ? value.list : std::vector<std::string>{value.text};
                    member(config) = list;
                    return std::ranges::all_of(list, is_good);
                },
            .show =
                [member](const NodeConfig& config) {
                    std::string out = "[";
                    for (const std::string& name : member(const_cast<NodeConfig&>(config))) {
                        out += (out.size() > 1 ? ", " : "") + quoted(name);
                    }
                    return out + "]";
                }};
}

template <typename T>
struct Choice {
    std::string_view text;
    T value;
};

/// A key that is one of a few words.
template <typename T, std::size_t N, typename Member>
ConfigKey choice_key(const KeyText& text, const Choice<T> (&choices)[N], Member member) {
    const std::span<const Choice<T>> all(choices);  // constants: they outlive the key
    return {.name = text.name,
            .expected = text.expected,
            .summary = text.summary,
            .set =
                [all, member](NodeConfig& config, const ConfigValue& value) {
                    for (const Choice<T>& choice : all) {
                        if (value.type == KeyType::Text && value.text == choice.text) {
                            member(config) = choice.value;
                            return true;
                        }
                    }
                    return false;
                },
            .show =
                [all, member](const NodeConfig& config) {
                    const T now = member(const_cast<NodeConfig&>(config));
                    const auto found = std::ranges::find(all, now, &Choice<T>::value);
                    return quoted(found->text);
                }};
}

}  // namespace kith::node

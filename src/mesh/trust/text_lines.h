// The membership files are lines of words; this reads them strictly.
//
// Each file says in its first line what it is and of which version, so that a later program can
// tell it from damage. Threads: values.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

#include "base/result.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

/// Takes what stands before the first `end` off `text`; all of it if there is none.
[[nodiscard]] inline std::string_view take_until(std::string_view& text, char end) {
    const std::size_t at = text.find(end);
    const std::string_view taken = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    return taken;
}

/// The first line: "kith-mesh WHAT 1". Errors: Unsupported for another version, Malformed.
[[nodiscard]] Status take_heading(std::string_view& text, std::string_view what);

/// A decimal number without sign and leading zeros. Nothing if it is something else.
template <typename T>
[[nodiscard]] std::optional<T> read_number(std::string_view word) {
    T number{};
    const char* const end = word.data() + word.size();
    const auto [at, error] = std::from_chars(word.data(), end, number);
    const bool is_plain =
        !word.empty() && word.front() != '-' && (word.front() != '0' || word.size() == 1);
    return error == std::errc() && at == end && is_plain ? std::optional<T>(number) : std::nullopt;
}

/// The 16 lower-case hexadecimal digits by which nodes and invites are written.
[[nodiscard]] std::optional<std::uint64_t> read_id(std::string_view word);

/// What follows `name` in "name=value". Nothing if the word is another.
[[nodiscard]] std::optional<std::string_view> read_value(std::string_view word,
                                                         std::string_view name);

[[nodiscard]] std::string_view role_name(NodeRole role);
[[nodiscard]] std::optional<NodeRole> read_role(std::string_view word);

}  // namespace kith::mesh

// What is wrong, for the person at the keyboard: what, where, and what to do.
//
// Starting a node fails with texts that name files, keys and numbers, which the static text of
// base/result.h cannot. Only node/ and cli/ use this.
#pragma once

#include "base/result.h"

#include <tl/expected.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace kith::node {

struct Problem {
    std::string text;
};

template <typename T>
using OrProblem = tl::expected<T, Problem>;

[[nodiscard]] inline tl::unexpected<Problem> problem(std::string text) {
    return tl::unexpected(Problem{std::move(text)});
}

/// "WHAT: why", with the system's reason where there is one.
[[nodiscard]] std::string explain(std::string_view what, const Error& error);

}  // namespace kith::node

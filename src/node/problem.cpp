#include "node/problem.h"

#include <fmt/format.h>

#include <cstring>

namespace kith::node {

std::string explain(std::string_view what, const Error& error) {
    return error.kind == ErrorKind::Io && error.code != 0
               ? fmt::format("{}: {} ({})", what, error.text, std::strerror(error.code))
               : fmt::format("{}: {}", what, error.text);
}

}  // namespace kith::node

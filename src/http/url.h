// Paths and queries of request targets (RFC 3986), decoded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace kith::http {

enum class Plus : std::uint8_t { Literal, Space };  // "+" is a space in queries only

/// Errors: Malformed for a broken escape, for U+0000 and for what is not UTF-8.
[[nodiscard]] Result<std::string> percent_decode(std::string_view text, Plus plus);

/// Escapes everything but letters, digits and "-._~".
[[nodiscard]] std::string percent_encode(std::string_view text);

/// "/machines/a%2Fb/" -> {"machines", "a/b", ""}. Errors: Malformed without a leading slash or
/// with a segment that does not decode; Limit above kPathSegmentsMax.
[[nodiscard]] Result<std::vector<std::string>> split_path(std::string_view path);

/// The parameters of a query, in their order.
class Query {
  public:
    /// `text` without "?". Errors: Malformed, or Limit above kQueryParametersMax.
    [[nodiscard]] static Result<Query> parse(std::string_view text);

    /// The first parameter of that name.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;

    using Parameter = std::pair<std::string, std::string>;
    [[nodiscard]] const std::vector<Parameter>& parameters() const { return parameters_; }

  private:
    std::vector<Parameter> parameters_;
};

}  // namespace kith::http

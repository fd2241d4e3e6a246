// Header fields of one message, and what the values of the usual ones mean.
//
// Names compare without case. Values are what was sent, trimmed; the functions below never fail on
// a value they do not understand: they take it as absent.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kith::http {

struct Header {
    std::string name;
    std::string value;
};

class Headers {
  public:
    void add(std::string_view name, std::string_view value) {
        fields_.push_back({std::string(name), std::string(value)});
    }
    /// The first field of that name.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
    [[nodiscard]] std::size_t count(std::string_view name) const;
    [[nodiscard]] const std::vector<Header>& fields() const { return fields_; }

  private:
    std::vector<Header> fields_;
};

/// ASCII only, as header names and tokens are.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

/// True if the comma-separated `list` has `token`, whatever the case: Connection, Upgrade.
[[nodiscard]] bool list_contains(std::string_view list, std::string_view token);

/// The value of one cookie in a Cookie header (RFC 6265, 4.2).
[[nodiscard]] std::optional<std::string_view> find_cookie(std::string_view header,
                                                          std::string_view name);

/// True if an Accept-Encoding header allows gzip.
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding);

/// True if an If-None-Match header names `etag` (with its quotes), compared weakly
/// (RFC 9110, 13.1.2).
[[nodiscard]] bool matches_etag(std::string_view if_none_match, std::string_view etag);

/// The credentials of "Authorization: Bearer ..."; nullopt for another scheme.
[[nodiscard]] std::optional<std::string_view> bearer_token(std::string_view authorization);

}  // namespace kith::http

// Reads the members of a request's body or query and remembers the first thing that is wrong.
//
//     Body body(call.request.body);
//     const std::string name = body.text("name");
//     if (is_refused(body, respond)) { return; }
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/limits.h"
#include "api/problem.h"
#include "http/url.h"
#include "json/document.h"

namespace kith::api {

class Body {
  public:
    explicit Body(std::string_view json);

    /// A text that must be there.
    [[nodiscard]] std::string text(std::string_view name);
    [[nodiscard]] std::optional<std::string> optional_text(std::string_view name);
    [[nodiscard]] std::optional<std::int64_t> optional_integer(std::string_view name,
                                                               std::int64_t min, std::int64_t max);
    /// False if it is not there.
    [[nodiscard]] bool flag(std::string_view name);
    [[nodiscard]] json::View member(std::string_view name) const;

    void refuse(std::string detail);
    [[nodiscard]] const std::optional<Problem>& problem() const { return problem_; }

  private:
    std::optional<json::Document> document_;
    std::optional<Problem> problem_;
};

class QueryReader {
  public:
    /// `query` outlives the reader.
    explicit QueryReader(const http::Query& query) : query_(&query) {}

    [[nodiscard]] std::string text(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const;
    [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t fallback,
                                       std::int64_t min, std::int64_t max);
    /// "1" or "0"; false if it is not there.
    [[nodiscard]] bool flag(std::string_view name);
    /// `limit`: how many rows a list may have.
    [[nodiscard]] std::size_t limit(std::size_t fallback = kRowsDefault,
                                    std::size_t max = kRowsMax);

    void refuse(std::string detail);
    [[nodiscard]] const std::optional<Problem>& problem() const { return problem_; }

  private:
    const http::Query* query_;
    std::optional<Problem> problem_;
};

}  // namespace kith::api

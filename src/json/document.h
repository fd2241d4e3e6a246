// Reads JSON text into a tree that is looked at through borrowed views.
//
// A View may stand for nothing: looking up what is not there gives an absent view, whose accessors
// give nullopt, so that a chain of look-ups needs one test at its end. Threads: immutable.
// Limits: ParseLimits, checked before anything is built.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace kith::json {

struct ParseLimits {
    std::size_t bytes_max = 1024 * 1024;
    std::size_t depth_max = 32;
    /// Refuse an object with two members of one name: where two readers of one text must not
    /// understand different things.
    bool unique_names = false;
};

class View {
  public:
    View() = default;

    [[nodiscard]] bool exists() const { return node_ != nullptr; }
    [[nodiscard]] bool is_null() const;
    [[nodiscard]] bool is_object() const;
    [[nodiscard]] bool is_array() const;

    /// Valid as long as the document.
    [[nodiscard]] std::optional<std::string_view> text() const;
    [[nodiscard]] std::optional<bool> boolean() const;
    /// A number without fraction or exponent that fits.
    [[nodiscard]] std::optional<std::int64_t> integer() const;
    [[nodiscard]] std::optional<double> number() const;

    /// The member of that name; absent if there is none or this is no object. Of several members
    /// with one name the last counts.
    [[nodiscard]] View operator[](std::string_view name) const;
    /// Elements of an array or members of an object; 0 for everything else.
    [[nodiscard]] std::size_t size() const;
    /// The element; absent beyond the end.
    [[nodiscard]] View at(std::size_t index) const;
    /// Calls `visit` for each member, ordered by name.
    void each_member(const std::function<void(std::string_view, View)>& visit) const;

  private:
    friend class Document;
    explicit View(const void* node) : node_(node) {}
    const void* node_ = nullptr;  // the library's own type, known to document.cpp alone
};

class Document {
  public:
    /// Errors: Malformed, which a repeated name is too if the limits say so; Limit if the text is
    /// too long or too deep.
    [[nodiscard]] static Result<Document> parse(std::string_view text,
                                                const ParseLimits& limits = {});
    ~Document();
    Document(Document&&) noexcept;
    Document& operator=(Document&&) noexcept;

    [[nodiscard]] View root() const;

  private:
    struct Impl;
    explicit Document(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace kith::json

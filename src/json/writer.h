// Writes JSON text (RFC 8259) by appending to a string: no tree, no second copy.
//
//     json::Writer json(out);
//     json.begin_object();
//     json.field("topic", topic);
//     json.key("items");
//     json.begin_array();
//     ...
//     json.end_array();
//     json.end_object();
//
// What comes out is always valid UTF-8: bytes that are not are replaced by U+FFFD. Numbers that
// JSON cannot say (NaN, infinity) become null. Commas are the writer's business; the balance of
// begin and end is the caller's. Threads: one at a time.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace kith::json {

class Writer {
  public:
    explicit Writer(std::string& out) : out_(&out) {}

    void begin_object() { open('{'); }
    void end_object() { close('}'); }
    void begin_array() { open('['); }
    void end_array() { close(']'); }
    void key(std::string_view name);

    void value(std::string_view text);
    void value(const char* text) { value(std::string_view(text)); }
    void value(bool truth) { token(truth ? "true" : "false"); }
    void value(double number);
    void value(WallTime time) { value(std::string_view(to_rfc3339(time))); }
    template <std::integral T>
    requires(!std::same_as<T, bool>) void value(T number) {
        if constexpr (std::signed_integral<T>) {
            integer(static_cast<std::int64_t>(number));
        } else {
            unsigned_integer(static_cast<std::uint64_t>(number));
        }
    }
    template <typename T>
    void value(const std::optional<T>& maybe) {
        maybe ? value(*maybe) : null();
    }
    void null() { token("null"); }
    /// `json` is one value that is JSON already.
    void raw(std::string_view json) { token(json); }

    template <typename T>
    void field(std::string_view name, const T& content) {
        key(name);
        value(content);
    }
    void null_field(std::string_view name) {
        key(name);
        null();
    }

  private:
    void open(char bracket);
    void close(char bracket);
    void token(std::string_view text);
    void integer(std::int64_t number);
    void unsigned_integer(std::uint64_t number);
    void separate() {
        if (needs_comma_) {
            out_->push_back(',');
        }
        needs_comma_ = true;
    }

    std::string* out_;
    bool needs_comma_ = false;
};

/// Appends `text` as a JSON string with its quotes.
void append_quoted(std::string& out, std::string_view text);

}  // namespace kith::json

#include "json/writer.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "base/utf8.h"

namespace kith::json {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool needs_escape(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

void append_escaped(std::string& out, char c) {
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            fmt::format_to(std::back_inserter(out), FMT_COMPILE("\\u{:04x}"),
                           static_cast<unsigned char>(c));
    }
}

/// Requires: `text` is UTF-8.
void append_valid(std::string& out, std::string_view text) {
    std::size_t run = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (needs_escape(text[at])) {
            out.append(text.substr(run, at - run));
            append_escaped(out, text[at]);
            run = at + 1;
        }
    }
    out.append(text.substr(run));
}

/// Length of the valid sequence at the start of `text`; 0 if there is none.
std::size_t valid_length(std::string_view text) {
    for (std::size_t length = 1; length <= 4 && length <= text.size(); ++length) {
        if (is_utf8(as_bytes(text.substr(0, length)))) {
            return length;
        }
    }
    return 0;
}

void append_repaired(std::string& out, std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = valid_length(text);
        if (length == 0) {
            out.append(kReplacement);
        } else {
            append_valid(out, text.substr(0, length));
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
    out.push_back('"');
    if (is_utf8(as_bytes(text))) [[likely]] {
        append_valid(out, text);
    } else {
        append_repaired(out, text);
    }
    out.push_back('"');
}

void Writer::key(std::string_view name) {
    separate();
    append_quoted(*out_, name);
    out_->push_back(':');
    needs_comma_ = false;
}

void Writer::value(std::string_view text) {
    separate();
    append_quoted(*out_, text);
}

void Writer::value(double number) {
    if (!std::isfinite(number)) {
        null();
        return;
    }
    separate();
    fmt::format_to(std::back_inserter(*out_), FMT_COMPILE("{}"), number);
}

void Writer::open(char bracket) {
    separate();
    out_->push_back(bracket);
    needs_comma_ = false;
}

void Writer::close(char bracket) {
    out_->push_back(bracket);
    needs_comma_ = true;
}

void Writer::token(std::string_view text) {
    separate();
    out_->append(text);
}

void Writer::integer(std::int64_t number) {
    separate();
    fmt::format_to(std::back_inserter(*out_), FMT_COMPILE("{}"), number);
}

void Writer::unsigned_integer(std::uint64_t number) {
    separate();
    fmt::format_to(std::back_inserter(*out_), FMT_COMPILE("{}"), number);
}

}  // namespace kith::json

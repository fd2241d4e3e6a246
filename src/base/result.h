// Expected failures as values.
//
// A function that can fail for a reason outside this program returns Result<T>. An Error is a kind
// (what a caller decides by), a code in the failing domain (an errno, an MQTT reason code) and a
// static text for people; making one never allocates.
#pragma once

#include <cstdint>

#include <tl/expected.hpp>

namespace kith {

/// What a caller can decide by. The domain's own number is in Error::code.
enum class ErrorKind : std::uint8_t {
    Malformed,    // bytes that no correct sender produces
    Protocol,     // well-formed, but not allowed now
    Invalid,      // an argument or a setting is wrong
    Limit,        // a documented limit was reached
    Denied,       // not allowed for this principal
    NotFound,     // what was named does not exist
    Conflict,     // somebody else changed it first
    Unavailable,  // try again later
    Timeout,      // took longer than allowed
    Closed,       // the other side or this side has gone
    Io,           // the operating system refused; code is errno
    Corrupt,      // stored bytes are not what was written
    Unsupported,  // a known feature that this build or peer lacks
};

struct Error {
    ErrorKind kind;
    std::uint16_t code;  // errno for Io, the MQTT reason code for wire/mqtt, else 0
    const char* text;    // static storage; a lower-case phrase without a full stop

    friend bool operator==(const Error& a, const Error& b) {
        return a.kind == b.kind && a.code == b.code;
    }
};

template <typename T>
using Result = tl::expected<T, Error>;

/// The result of an action that has no value.
using Status = Result<void>;

[[nodiscard]] constexpr tl::unexpected<Error> fail(ErrorKind kind, const char* text,
                                                   std::uint16_t code = 0) {
    return tl::unexpected<Error>(Error{kind, code, text});
}

/// "invalid", "limit" ...: stable words for logs and JSON.
[[nodiscard]] const char* to_string(ErrorKind kind);

}  // namespace kith

// TRY(x) propagates the error of a Status or Result and drops its value; TRY_ASSIGN(x, expr) keeps
// the value. Both return from the enclosing function.
#define KITH_TRY_JOIN2(a, b) a##b
#define KITH_TRY_JOIN(a, b) KITH_TRY_JOIN2(a, b)
#define TRY(expression)                                                 \
    do {                                                                \
        if (auto try_status = (expression); !try_status) [[unlikely]] { \
            return tl::unexpected<::kith::Error>(try_status.error());   \
        }                                                               \
    } while (false)
#define TRY_ASSIGN(declaration, expression) \
    TRY_ASSIGN_IMPL(KITH_TRY_JOIN(try_result_, __LINE__), declaration, expression)
#define TRY_ASSIGN_IMPL(result, declaration, expression)      \
    auto result = (expression);                               \
    if (!result) [[unlikely]] {                               \
        return tl::unexpected<::kith::Error>(result.error()); \
    }                                                         \
    declaration = std::move(*result)

// Checks for broken invariants of this program.
//
// CHECK stays on in release: a node that contradicts itself must stop at once, with the state that
// matters; the store is consistent on restart. DCHECK is for checks too expensive for release.
// Bytes from a wire, a disk or a user are never CHECKed: they are Results (base/result.h).
#pragma once

namespace kith {

/// Prints the condition, its place and `text` to stderr and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line,
                               const char* text) noexcept;

}  // namespace kith

#define CHECK_TEXT(condition, text)                                       \
    do {                                                                  \
        if (!(condition)) [[unlikely]] {                                  \
            ::kith::check_failed(#condition, __FILE__, __LINE__, (text)); \
        }                                                                 \
    } while (false)

#define CHECK(condition) CHECK_TEXT(condition, "")

#ifdef NDEBUG
#define DCHECK(condition)      \
    do {                       \
        if (false) {           \
            (void)(condition); \
        }                      \
    } while (false)
#else
#define DCHECK(condition) CHECK(condition)
#endif

#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace kith {

void check_failed(const char* condition, const char* file, int line, const char* text) noexcept {
    std::fprintf(stderr, "kith: check failed: %s at %s:%d%s%s\n", condition, file, line,
                 text[0] == '\0' ? "" : ": ", text);
    std::fflush(stderr);
    std::abort();
}

}  // namespace kith

// Counts what a test program allocates.
//
// A program that calls one of these functions gets this folder's operator new, which counts and
// then does as the original. Threads: thread-safe.
#pragma once

#include <cstddef>

namespace kith::test {

/// How often the calling thread has called operator new.
[[nodiscard]] std::size_t thread_allocation_count();

/// How often all threads together have.
[[nodiscard]] std::size_t allocation_count();

}  // namespace kith::test

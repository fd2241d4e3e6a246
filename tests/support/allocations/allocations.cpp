#include "tests/support/allocations/allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t of_thread = 0;
std::atomic<std::size_t> of_all = 0;

}  // namespace

// Not inlined, so that the compiler sees no malloc() that meets a delete.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
    ++of_thread;
    of_all.fetch_add(1, std::memory_order_relaxed);
    if (void* memory = std::malloc(bytes)) {
        return memory;
    }
    std::abort();
}

// std::stable_sort asks for its buffer so; its own delete would meet a new that is not ours.
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    return operator new(bytes);
}

[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}

[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace kith::test {

std::size_t thread_allocation_count() {
    return of_thread;
}

std::size_t allocation_count() {
    return of_all.load(std::memory_order_relaxed);
}

}  // namespace kith::test

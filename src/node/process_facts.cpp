#include "node/process_facts.h"

#include <malloc.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>

namespace kith::node {

std::string host_name() {
    char name[256] = {};
    return ::gethostname(name, sizeof(name) - 1) == 0 ? std::string(name) : std::string("kith");
}

WallTime wall_now() {
    return WallTime::from_ms(std::chrono::duration_cast<std::chrono::milliseconds>(
                                 std::chrono::system_clock::now().time_since_epoch())
                                 .count());
}

std::uint64_t resident_bytes() {
    std::FILE* file = std::fopen("/proc/self/statm", "re");
    if (file == nullptr) {
        return 0;
    }
    unsigned long total_pages = 0;
    unsigned long resident_pages = 0;
    const int read = std::fscanf(file, "%lu %lu", &total_pages, &resident_pages);
    std::fclose(file);
    return read == 2
               ? std::uint64_t{resident_pages} * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))
               : 0;
}

std::uint64_t heap_bytes() {
    const struct mallinfo2 facts = ::mallinfo2();
    return std::uint64_t{facts.uordblks} + std::uint64_t{facts.hblkhd};
}

std::uint64_t file_bytes(const std::vector<std::string>& files) {
    std::uint64_t sum = 0;
    for (const std::string& file : files) {
        struct stat facts {};
        if (::stat(file.c_str(), &facts) == 0) {
            sum += static_cast<std::uint64_t>(facts.st_size);
        }
    }
    return sum;
}

std::uint64_t memory_bytes() {
    const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t machine =
        static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * page_bytes;
    // Control groups, version 2: one line "0::/system.slice/kith.service".
    std::ifstream groups("/proc/self/cgroup");
    std::string line;
    while (std::getline(groups, line)) {
        if (line.starts_with("0::")) {
            std::ifstream limit("/sys/fs/cgroup" + line.substr(3) + "/memory.max");
            std::uint64_t bytes = 0;
            if (limit >> bytes && bytes > 0) {  // "max" is no number
                return std::min(machine, bytes);
            }
        }
    }
    return machine;
}

unsigned core_count() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (::sched_getaffinity(0, sizeof(allowed), &allowed) == 0) {
        return static_cast<unsigned>(std::max(CPU_COUNT(&allowed), 1));
    }
    return std::max(std::thread::hardware_concurrency(), 1U);  // more cores than the set can name
}

}  // namespace kith::node

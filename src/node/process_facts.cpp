#include "node/process_facts.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

namespace kith::node {

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

}  // namespace kith::node

// What the operating system says of this process and its files.
#pragma once

#include "base/time.h"

#include <cstdint>
#include <string>
#include <vector>

namespace kith::node {

/// "kith" if the host has no name.
[[nodiscard]] std::string host_name();

[[nodiscard]] WallTime wall_now();

/// Resident memory of this process, in bytes; 0 if the system does not say.
[[nodiscard]] std::uint64_t resident_bytes();
/// Bytes that the program has asked its allocator for and not given back.
[[nodiscard]] std::uint64_t heap_bytes();

/// Bytes of these files together; those that are missing count nothing.
[[nodiscard]] std::uint64_t file_bytes(const std::vector<std::string>& files);

/// Memory that this process may use: the machine's, or less where its control group says so.
[[nodiscard]] std::uint64_t memory_bytes();

/// Cores that this process may run on (taskset, cpusets of containers); 1 at least.
[[nodiscard]] unsigned core_count();

}  // namespace kith::node

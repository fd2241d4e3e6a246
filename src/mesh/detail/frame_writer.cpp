#include "mesh/detail/frame_writer.h"

namespace kith::mesh {
namespace {

// What each is at most, without what it lists.
constexpr std::size_t kDestinationBytes = 8 + 1 + 9 + 9 + 2;
constexpr std::size_t kEntryBytes = 8 + 4 + 9 + 1 + 2;
constexpr std::size_t kIdBytes = 8;

static_assert(kDestinationBytes + kDestinationGroupsMax * kIdBytes <= kDestinationBytesMax);
static_assert(kEntryBytes + kDestinationsMax * kIdBytes <= kCustodyBytesMax);

std::size_t bytes_of(const Destination& destination) {
    return kDestinationBytes + destination.groups.size() * kIdBytes;
}

std::size_t bytes_of(const CustodyEntry& entry) {
    return kEntryBytes + entry.destinations.size() * kIdBytes;
}

template <typename Entry>
std::size_t count_within(std::span<const Entry> entries, std::size_t bytes_max) {
    std::size_t bytes = 0;
    std::size_t count = 0;
    for (const Entry& entry : entries) {
        bytes += bytes_of(entry);
        if (bytes > bytes_max) {
            break;
        }
        ++count;
    }
    return count;
}

}  // namespace

std::size_t fitting_count(std::span<const Destination> destinations) {
    const auto first = destinations.first(std::min(destinations.size(), kDestinationsMax));
    return count_within(first, kDestinationBytesMax);
}

std::size_t fitting_count(std::span<const CustodyEntry> entries) {
    const auto first = entries.first(std::min(entries.size(), kListEntriesMax));
    return count_within(first, kCustodyBytesMax);
}

}  // namespace kith::mesh

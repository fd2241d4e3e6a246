#include "mesh/detail/stream_progress.h"

#include <algorithm>

#include "base/check.h"
#include "mesh/limits.h"

namespace kith::mesh {

bool is_sound(const StreamProgress& progress) {
    std::uint64_t free_from = 1;
    for (const PlaceRange& range : progress.given_up) {
        if (range.first < free_from || range.last < range.first ||
            range.last > progress.delivered) {
            return false;
        }
        free_from = range.last + 1;
    }
    return progress.given_up.size() <= kStreamRangesMax;
}

void give_up_to(StreamProgress& progress, std::uint64_t last) {
    CHECK(progress.delivered < last);
    if (progress.given_up.size() == kStreamRangesMax) {
        progress.given_up.erase(progress.given_up.begin());
    }
    progress.given_up.push_back({.first = progress.delivered + 1, .last = last});
    progress.delivered = last;
}

Lateness take_late(StreamProgress& progress, std::uint64_t place) {
    const auto range = std::ranges::lower_bound(progress.given_up, place, {}, &PlaceRange::last);
    if (range == progress.given_up.end() || place < range->first) {
        return Lateness::NotAwaited;
    }
    if (range->first == range->last) {
        progress.given_up.erase(range);
    } else if (place == range->first) {
        ++range->first;
    } else if (place == range->last) {
        --range->last;
    } else if (progress.given_up.size() == kStreamRangesMax) {
        return Lateness::NoRoom;  // its neighbours come first, then there is room
    } else {
        const PlaceRange before{.first = range->first, .last = place - 1};
        range->first = place + 1;
        progress.given_up.insert(range, before);
    }
    return Lateness::Late;
}

void forget_before(StreamProgress& progress, std::uint64_t place) {
    auto& ranges = progress.given_up;
    const auto first = std::ranges::lower_bound(ranges, place, {}, &PlaceRange::last);
    ranges.erase(ranges.begin(), first);
    if (!ranges.empty()) {
        ranges.front().first = std::max(ranges.front().first, place);
    }
}

}  // namespace kith::mesh

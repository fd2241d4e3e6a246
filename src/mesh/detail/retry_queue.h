// When what nobody acknowledged is tried again: queues that are in order because each has one
// patience.
//
// What is tried for the first time waits a second, then two, four ... A queue of its own for each
// makes adding and taking constant, for the many that are acknowledged in between and never tried
// again. Limits: a queue holds what was sent within its patience.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/time.h"
#include "mesh/limits.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

class RetryQueue {
  public:
    /// From this one on, all tries have the same time.
    static constexpr std::uint8_t kTriesMax = 6;

    /// How long the `tries`th try has, from 1.
    [[nodiscard]] static constexpr Duration patience(std::uint8_t tries) {
        return kPatience[std::min<std::size_t>(std::max<std::size_t>(tries, 1), kPatience.size()) -
                         1];
    }

    void add(const DataId& id, std::uint8_t tries, Instant now) {
        const Duration wait = patience(tries);
        const auto queue = std::ranges::find(kPatience, wait) - kPatience.begin();
        queues_[static_cast<std::size_t>(queue)].push_back({now + wait, id});
    }
    [[nodiscard]] Instant deadline() const {
        Instant earliest = Instant::never();
        for (const auto& queue : queues_) {
            earliest = queue.empty() ? earliest : std::min(earliest, queue.front().at);
        }
        return earliest;
    }
    /// One that is due; nothing if none is.
    [[nodiscard]] std::optional<DataId> take(Instant now) {
        for (auto& queue : queues_) {
            if (!queue.empty() && queue.front().at <= now) {
                const DataId id = queue.front().id;
                queue.pop_front();
                return id;
            }
        }
        return std::nullopt;
    }

  private:
    struct Entry {
        Instant at;
        DataId id;
    };

    static constexpr std::array<Duration, kTriesMax> kPatience{
        kCustodyRetransmitInterval,      2 * kCustodyRetransmitInterval,
        4 * kCustodyRetransmitInterval,  8 * kCustodyRetransmitInterval,
        16 * kCustodyRetransmitInterval, kCustodyRetransmitIntervalMax};
    std::array<std::deque<Entry>, kPatience.size()> queues_;
};

}  // namespace kith::mesh

// The packet identifiers of one client: a number is free, or in use until its answer came.
//
// PUBLISH, SUBSCRIBE and UNSUBSCRIBE share one range, 1 to 65,535 [MQTT-2.2.1-2]. Threads:
// shard-local.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/check.h"
#include "base/ids.h"

namespace kith::sdk {

class PacketIds {
  public:
    /// A free one, the longest unused first; nothing if all are in use.
    [[nodiscard]] std::optional<PacketId> take() {
        if (count_ == kIdMax) {
            return std::nullopt;
        }
        do {
            last_ = last_ == kIdMax ? 1 : last_ + 1;
        } while (used_[last_]);
        used_.set(last_);
        ++count_;
        return PacketId(static_cast<std::uint16_t>(last_));
    }
    void release(PacketId id) {
        CHECK(used_[id.value()]);
        used_.reset(id.value());
        --count_;
    }

  private:
    static constexpr std::size_t kIdMax = 65'535;
    std::bitset<kIdMax + 1> used_;
    std::size_t last_ = 0;
    std::size_t count_ = 0;
};

}  // namespace kith::sdk

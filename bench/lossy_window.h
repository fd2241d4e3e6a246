// How many publishes of QoS 0 may be under way, when some may never arrive.
//
// A publish is under way until all its receivers have it. What does not come within the patience is
// taken for lost, so that a broker that drops messages is measured on. Threads: shard-local.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace kith::bench {

class LossyWindow {
  public:
    LossyWindow(std::size_t size, std::size_t receivers) : size_(size), receivers_(receivers) {}

    /// Publishes that may be sent now.
    [[nodiscard]] std::size_t credit() const;
    void on_sent(std::size_t publishes) { sent_count_ += publishes; }
    void on_received(std::size_t deliveries) { received_count_ += deliveries; }
    /// To be called every now and then; true if messages were given up, so that there is credit.
    [[nodiscard]] bool gives_up(Instant now);

  private:
    std::size_t size_;
    std::size_t receivers_;
    std::uint64_t sent_count_ = 0;
    std::uint64_t received_count_ = 0;
    std::uint64_t forgotten_count_ = 0;  // deliveries that did not come in time
    std::uint64_t received_last_ = 0;
    std::optional<Instant> last_progress_;
};

}  // namespace kith::bench

// The receiving end of the streams of messages, one from each origin: each message once, in order.
//
// Messages of an origin to this node are numbered without gaps, so that what is missing is known to
// be missing, and what came twice to be a duplicate. A message that comes early waits for those
// before it. A gap is given up only when its origin cannot be reached for kStreamGapPatience.
// Limits: kStreamWindow.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/time.h"
#include "mesh/ports.h"
#include "wire/mesh/frames.h"

namespace kith::mesh {

class Streams {
  public:
    Streams();
    ~Streams();

    enum class Verdict : std::uint8_t {
        Taken,      // and is or will be ready
        Duplicate,  // it is here, or was delivered
        TooEarly,   // beyond the window: its sender keeps it
    };
    /// A copy of `data` is kept until it is ready. `sequence` is that of this node's destination.
    Verdict take(const Data& data, std::uint64_t sequence, Instant now);

    /// A message whose turn it is.
    struct Ready {
        NodeId origin;
        std::uint32_t epoch = 0;
        std::uint64_t sequence = 0;
        std::vector<std::uint8_t> bytes;  // what `data` borrows from
        Data data;
    };
    /// In order; empty if nothing is ready.
    [[nodiscard]] std::vector<Ready> ready(Instant now);

    void restore(NodeId origin, std::uint32_t epoch, std::uint64_t delivered);
    /// Whether the origin can be reached: while it can, gaps are waited for.
    void set_reachable(NodeId origin, bool is_reachable, Instant now);
    void on_timer(Instant now);
    [[nodiscard]] Instant deadline() const;
    /// The last position up to which everything was handed out.
    [[nodiscard]] std::uint64_t delivered(NodeId origin, std::uint32_t epoch) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kith::mesh

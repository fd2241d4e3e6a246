// The receiving end of the streams of messages, one from each origin and class of priority: each
// message once, in order.
//
// Messages of an origin to this node are numbered without gaps, so that what is missing is known to
// be missing, and what came twice to be a duplicate. A message that comes early waits for those
// before it. Each says which place is the first that this node has not acknowledged: what is before
// it is done with, so a node that lost its own books takes the stream up from there. A gap is given
// up only when its origin cannot be reached for kStreamGapPatience; or when a later epoch of the
// origin begins, which an origin does only when the older one is done with: what waits behind a gap
// there is handed out first. Limits: kStreamWindow.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/time.h"
#include "mesh/node.h"
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
    /// A copy of `data` is kept until it is ready. `here` is this node's own destination in it.
    Verdict take(const Data& data, const Destination& here, Instant now);

    /// A message whose turn it is.
    struct Ready {
        Destination here;
        std::vector<std::uint8_t> bytes;  // what `data` borrows from
        Data data;
    };
    /// In order; empty if nothing is ready.
    [[nodiscard]] std::vector<Ready> ready(Instant now);

    void restore(const StreamPosition& stream, std::uint64_t delivered);
    /// Whether the origin can be reached: while it can, gaps are waited for.
    void set_reachable(NodeId origin, bool is_reachable, Instant now);
    void on_timer(Instant now);
    [[nodiscard]] Instant deadline() const;
    /// The last position up to which everything was handed out.
    [[nodiscard]] std::uint64_t delivered(const StreamPosition& stream) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kith::mesh

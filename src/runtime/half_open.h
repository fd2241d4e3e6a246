// Streams of which each side ends for itself: what the other side ends does not close this one.
//
// For whoever hands TCP connections on, with nothing to say on when they are over. Only a stream
// directly over a socket can be half open: TLS and WebSockets end as a whole. Threads: those of the
// stream.
#pragma once

#include "runtime/stream.h"

namespace kith::runtime {

class HalfOpenHandler {
  public:
    /// The other side sends no more, and may still read. on_closed() of the stream's handler
    /// follows once this side has ended as well.
    virtual void on_end() = 0;

  protected:
    ~HalfOpenHandler() = default;
};

/// From now on `stream` is half open. Requires: it is directly over a socket, attached to a shard,
/// and nothing of its end was read yet. The handler outlives the stream, or is replaced.
void keep_half_open(Stream& stream, HalfOpenHandler& handler);
/// Writes what is queued, then tells the other side that no more follows. Input goes on. Requires:
/// keep_half_open().
void end_output(Stream& stream);

}  // namespace kith::runtime

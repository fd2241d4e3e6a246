// The receiving end of the streams of messages, one from each origin and class of priority: each
// message once, in order.
//
// Messages of an origin to this node are numbered without gaps, so that what is missing is known to
// be missing, and what came twice to be a duplicate. A message that comes early waits for those
// before it. Each says which place is the first that this node has not acknowledged: what is before
// it is done with, so a node that lost its own books takes the stream up from there. A gap is given
// up only when for kStreamGapPatience its origin could not be reached, or was known to have started
// anew, for then it would have sent what it still has; or at once when a later epoch of the origin
// begins in the stream, which an origin does only when the older one is done with: what waits
// behind a gap there is handed out first. What comes after all where it was given up is handed out
// late, not lost; as is what comes of the epoch before. What was given up is part of the progress
// that each message is handed out with, so that a destination which starts again takes no late
// message for a duplicate.
//
// Messages are not signed, and a stream that went on to an epoch that never was would refuse all
// that its origin sends: an epoch is taken only once the origin has told it in a signed record.
//
// Who is not said to be reachable is not, or this would wait for ever for one that nobody speaks of
// any more. Threads: shard-local. Limits: kStream*.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
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
    Streams(Streams&&) noexcept;
    Streams& operator=(Streams&&) noexcept;

    enum class Verdict : std::uint8_t {
        Taken,      // and is or will be ready
        Duplicate,  // it is here, or was delivered
        TooEarly,   // beyond window or room, or of an epoch not told yet: its sender keeps it
    };
    /// A copy of `data` is kept until it is ready; but for its destinations, of which only `here`
    /// is kept, this node's own. Its place holders (DataKind::Void) are messages like all others.
    [[nodiscard]] Verdict take(const Data& data, const Destination& here, Instant now);

    /// A message whose turn it is. It may be moved, not copied.
    struct Ready {
        Destination here;
        StreamProgress progress;          // of its stream, with this
        std::vector<std::uint8_t> bytes;  // what `data` borrows from
        Data data;

        Ready() = default;
        Ready(Ready&&) = default;
        Ready& operator=(Ready&&) = default;
    };
    /// In order, each once; empty if nothing is ready.
    [[nodiscard]] std::vector<Ready> ready(Instant now);

    /// Requires: nothing of this stream was taken yet. Ranges that are not sound are forgotten.
    void restore(const StreamPosition& stream, const StreamProgress& progress);
    /// Who can be reached, in order of id, and nobody else: their gaps are waited for.
    void set_reachable(std::span<const NodeId> origins, Instant now);
    /// The epoch of the last start that this origin has told of under its signature.
    void set_epoch(NodeId origin, std::uint32_t epoch, Instant now);
    /// Nothing that it told stands any more.
    void forget_epoch(NodeId origin);
    void on_timer(Instant now);
    [[nodiscard]] Instant deadline() const;
    /// The last place up to which everything was ready, or given up; 0 of a stream that is not
    /// known any more: of an origin, the last two epochs are.
    [[nodiscard]] std::uint64_t delivered(const StreamPosition& stream) const;

    struct Counters {
        std::size_t origins = 0;        // with a stream
        std::size_t held_messages = 0;  // that wait behind a gap now
        std::size_t held_bytes = 0;
        std::uint64_t duplicates = 0;
        std::uint64_t too_early = 0;
        std::uint64_t given_up = 0;  // places whose message never came
    };
    [[nodiscard]] const Counters& counters() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kith::mesh

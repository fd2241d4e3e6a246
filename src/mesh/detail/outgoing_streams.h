// The sending end of the streams of this node's messages: which place is whose, how many are on
// their way, and what is done with.
//
// A stream is (destination, class, epoch). Messages of this start wait until those of the starts
// before it have arrived, so that order holds across a crash; and each stream has at most
// kStreamInFlightMax on their way. Limits: what custody holds.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>

#include "mesh/limits.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

class OutgoingStreams {
  public:
    struct Key {
        NodeId destination;
        Priority priority = Priority::Default;
        std::uint32_t epoch = 0;

        friend auto operator<=>(const Key&, const Key&) = default;
    };

    /// The next place in the stream, for `id`.
    std::uint64_t append(const Key& key, const DataId& id);
    /// A place as it was given in a life before.
    void restore(const Key& key, std::uint64_t place, const DataId& id);
    /// The first place that is not done with; that after the last if all are.
    [[nodiscard]] std::uint64_t first_open(const Key& key) const;
    /// Counts a place as on its way, if the stream may have one more there.
    [[nodiscard]] bool open(const Key& key, std::uint64_t place);
    /// The destination has it.
    void finish(const Key& key, std::uint64_t place);
    /// The next place that may be sent now and is not on its way; its message.
    struct Next {
        Key key;
        std::uint64_t place = 0;
        DataId id;
    };
    [[nodiscard]] std::optional<Next> next_to_open(NodeId destination, Priority priority) const;

  private:
    struct Stream {
        std::uint64_t next_place = 1;
        std::map<std::uint64_t, DataId> pending;  // given and not done with
        std::uint64_t opened_below = 1;           // places below it are on their way, or done with
        std::size_t in_flight = 0;
    };

    /// The oldest epoch with something pending; only that may send.
    [[nodiscard]] const std::pair<const Key, Stream>* current(NodeId destination,
                                                              Priority priority) const;

    std::map<Key, Stream> streams_;
};

}  // namespace kith::mesh

// The sending end of the streams of this node's messages: which place is whose, how many are on
// their way, and what is done with.
//
// A stream is (destination, class, epoch). Messages of this start wait until those of the starts
// before it have arrived, so that order holds across a crash; and each stream has at most
// kStreamInFlightMax on their way, and one beyond kStreamInFlightBytesMax. That is all that a
// destination whose clients are slow has to keep. Limits: what custody holds.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

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

    struct Item {
        DataId id;
        std::size_t bytes = 0;
    };
    /// The next place in the stream, for this message.
    std::uint64_t append(const Key& key, const Item& item);
    /// A place as it was given in a life before.
    void restore(const Key& key, std::uint64_t place, const Item& item);
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
    /// To which more waits than may be on its way. By destination and class.
    using Lane = std::pair<NodeId, Priority>;
    [[nodiscard]] const std::set<Lane>& full() const { return full_; }

  private:
    struct Stream {
        std::uint64_t next_place = 1;
        std::map<std::uint64_t, Item> pending;  // given and not done with
        std::uint64_t opened_below = 1;         // places below it are on their way, or done with
        std::size_t in_flight = 0;
        std::size_t bytes_in_flight = 0;

        [[nodiscard]] bool is_full() const {
            return in_flight >= kStreamInFlightMax || bytes_in_flight >= kStreamInFlightBytesMax;
        }
    };

    /// The oldest epoch with something pending; only that may send.
    [[nodiscard]] const std::pair<const Key, Stream>* current(NodeId destination,
                                                              Priority priority) const;

    std::map<Key, Stream> streams_;
    std::set<Lane> full_;
};

}  // namespace kith::mesh

// How many deliveries still need each stored message, kept in memory.
//
// A stored message has at least one live delivery: one that is not Released. Most have exactly one,
// so only messages with more have an entry; a backlog of single receivers costs nothing. Changes
// are undone when their transaction is. Threads: that of the store.
#pragma once

#include <cstdint>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/ids.h"

namespace kith::storage::detail {

class DeliveryCounts {
  public:
    /// For a message that has just been stored, or found. Requires: live_count > 0.
    void set(MessageId message, std::uint32_t live_count);
    /// One live delivery more. Requires: the message is stored.
    void add_one(MessageId message);
    /// One live delivery less; true if that was the last, so that the message must go.
    [[nodiscard]] bool take_one(MessageId message);

    /// Makes the changes since the last call of either stay, or undoes them.
    void keep_changes();
    void undo_changes();
    /// Forgets everything.
    void clear();

    /// Messages with more than one live delivery.
    [[nodiscard]] std::size_t shared_count() const { return counts_.size(); }

  private:
    struct Change {
        MessageId message;
        std::uint32_t count_before;
    };

    [[nodiscard]] std::uint32_t count(MessageId message) const;
    void store(MessageId message, std::uint32_t live_count);
    void change(MessageId message, std::uint32_t live_count);

    boost::unordered_flat_map<MessageId, std::uint32_t> counts_;
    std::vector<Change> changes_;
};

}  // namespace kith::storage::detail

// When records leave: at once, or gathered while there are many.
//
// One change of the mesh goes from node to node without a pause. When a whole mesh starts, records
// come from all sides all the time, and what leaves one by one costs more than what leaves
// together; and a record that waits is often told by the neighbour itself before it is its turn, or
// replaced by a newer one. So: in windows of kRecordGather; behind one in which more than
// kRecordsAtOnce left, records wait for the end of theirs. Threads: shard-local.
#pragma once

#include <cstddef>

#include "base/time.h"
#include "mesh/limits.h"

namespace kith::mesh {

class RecordPace {
  public:
    /// Whether what waits leaves now, or has to wait for next_at().
    [[nodiscard]] bool may_send(Instant now) {
        if (now >= window_ends_at_) {
            gathers_ = sent_count_ > kRecordsAtOnce && now < window_ends_at_ + kRecordGather;
            window_ends_at_ = now + kRecordGather;
            sent_count_ = 0;
            return true;
        }
        return !gathers_;
    }
    [[nodiscard]] Instant next_at() const { return window_ends_at_; }
    void on_sent() { ++sent_count_; }

  private:
    Instant window_ends_at_;
    std::size_t sent_count_ = 0;  // in this window
    bool gathers_ = false;
};

}  // namespace kith::mesh

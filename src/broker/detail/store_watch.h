// Whether the message store works, and since when it does not, told as events.
//
// A disk that fails is reported by the journal. One that hangs is not, because the journal's own
// thread waits for it: so this looks from a shard, once in storage::kCommitLookInterval, whether
// the journal gets on with what it was given. Of a disk that does not, it tells once; and once when
// it works again. Threads: shard-local, on the first shard.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "broker/events.h"
#include "runtime/shard.h"
#include "storage/journal.h"

namespace kith::broker {

class StoreWatch final : public runtime::Timer {
  public:
    StoreWatch(runtime::Shard& shard, EventSink& events) : shard_(shard), events_(events) {}

    /// Looks at `journal` from now on, which outlives the shard's last turn.
    void start(const storage::Journal& journal);
    /// As the journal reports it.
    void on_state(storage::StoreState state, std::string_view reason);

    void on_timer(Instant now) override;

  private:
    void set_slow();
    void tell(EventKind kind, std::string_view reason);

    runtime::Shard& shard_;
    EventSink& events_;
    const storage::Journal* journal_ = nullptr;
    std::uint64_t ended_count_ = 0;  // commits and reads, whatever came of them
    bool is_waiting_ = false;        // for a commit or a read, at the last look
    Instant waiting_since_;          // without one that ended
    WallTime waiting_since_wall_;
    bool is_failing_ = false;  // as the journal reports it
    bool is_slow_ = false;     // told so; never while it is failing
};

}  // namespace kith::broker

#include "broker/detail/store_watch.h"

#include <string>

#include "base/log.h"
#include "storage/limits.h"

namespace kith::broker {

void StoreWatch::start(const storage::Journal& journal) {
    journal_ = &journal;
    on_timer(shard_.now());
}

void StoreWatch::on_state(storage::StoreState state, std::string_view reason) {
    is_failing_ = state == storage::StoreState::Degraded;
    is_slow_ = false;
    waiting_since_ = shard_.now();  // what was tried in vain did not hang
    waiting_since_wall_ = shard_.wall_now();
    tell(is_failing_ ? EventKind::StoreDegraded : EventKind::StoreHealthy,
         is_failing_ ? reason : "store writes again");
}

void StoreWatch::on_timer(Instant now) {
    shard_.arm_after(*this, storage::kCommitLookInterval);
    const storage::JournalCounters counters = journal_->counters();
    const std::uint64_t ended_count =
        counters.commits + counters.failures + counters.reads + counters.read_failures;
    const bool is_waiting = counters.pending_batches > 0 || counters.pending_reads > 0;
    const bool gets_on = !is_waiting || !is_waiting_ || ended_count != ended_count_;
    const bool took_long = now - waiting_since_ >= storage::kSlowCommit;
    ended_count_ = ended_count;
    is_waiting_ = is_waiting;
    if (!gets_on) {
        if (took_long && !is_slow_ && !is_failing_) {
            set_slow();
        }
        return;
    }
    waiting_since_ = now;
    waiting_since_wall_ = shard_.wall_now();
    // With more that waits, one slow commit that ended does not make a disk a good one.
    if (is_slow_ && (!is_waiting || !took_long)) {
        is_slow_ = false;
        LOG(shard_.log(), Info, "store answers again");
        tell(EventKind::StoreHealthy, "the disk answers again");
    }
}

void StoreWatch::set_slow() {
    is_slow_ = true;
    const std::string since = to_rfc3339(waiting_since_wall_);
    LOG(shard_.log(), Error, "store does not answer", {"since", since});
    tell(EventKind::StoreDegraded, "the disk has not answered since " + since);
}

void StoreWatch::tell(EventKind kind, std::string_view reason) {
    events_.on_event({.kind = kind, .at = shard_.wall_now(), .reason = reason});
}

}  // namespace kith::broker

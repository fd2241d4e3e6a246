#include "broker/testing/sim_journal.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace kith::broker::testing {

SimJournal::SimJournal(storage::MessageStore& store, runtime::sim::Host& host,
                       Duration commit_delay, storage::CommitListener& listener)
    : store_(store),
      shard_(host.shard(ShardId(0))),
      commit_delay_(commit_delay),
      listener_(listener),
      timer_([this](Instant) { commit(); }),
      last_tickets_(host.shard_count()) {}

storage::CommitTicket SimJournal::submit(ShardId shard, storage::WriteBatch& batch) {
    storage::CommitTicket& last = last_tickets_[shard.value()];
    last = last.next();
    waiting_.push_back({.shard = shard, .ticket = last, .batch = std::move(batch)});
    batch = storage::WriteBatch();
    schedule();
    return last;
}

void SimJournal::read_queue(ShardId shard, const storage::QueueRead& read) {
    reads_.emplace_back(shard, read);
    schedule();
}

storage::JournalCounters SimJournal::counters() const {
    storage::JournalCounters counters = counters_;
    counters.pending_batches = waiting_.size();
    counters.pending_reads = reads_.size();
    return counters;
}

void SimJournal::resume() {
    is_stalled_ = false;
    schedule();
}

/// As mail, which wakes the shard: the caller is another one, or the test.
void SimJournal::schedule() {
    shard_.post_completion(runtime::make_mail([this](runtime::Shard& shard) {
        if (!timer_.is_armed()) {
            shard.arm_after(timer_, commit_delay_);
        }
    }));
}

void SimJournal::commit() {
    if (is_stalled_) {
        return;
    }
    if (waiting_.empty()) {
        read();
        return;
    }
    std::vector<const storage::WriteBatch*> batches;
    for (const Submitted& submitted : waiting_) {
        batches.push_back(&submitted.batch);
    }
    ASSERT_TRUE(store_.commit(batches));
    ++counters_.commits;
    const std::vector<Submitted> done = std::move(waiting_);
    waiting_.clear();
    for (const Submitted& submitted : done) {
        listener_.on_committed(submitted.shard, submitted.ticket);
    }
    read();
}

void SimJournal::read() {
    struct Filler final : storage::QueueVisitor {
        explicit Filler(storage::QueuePart& part_in) : part(part_in) {}
        void on_message(const storage::DeliveryRecord& delivery,
                        const storage::MessageRecord& message) override {
            part.found.put_message(message);
            part.found.put_delivery(delivery);
        }
        void on_dropped(const storage::DeliveryRecord& delivery,
                        storage::QueueDrop reason) override {
            part.dropped.push_back({delivery.key(), delivery.size_bytes, reason});
        }
        storage::QueuePart& part;
    };
    for (const auto& [shard, read] : std::exchange(reads_, {})) {
        storage::QueuePart part{.read = read};
        Filler filler(part);
        const auto next = store_.read_queue(read, filler);
        ASSERT_TRUE(next);
        part.next = *next;
        ++counters_.reads;
        listener_.on_queue_read(shard, std::move(part));
    }
}

}  // namespace kith::broker::testing

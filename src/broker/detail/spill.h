// The part of a durable session's queue that is on disk only.
//
// Sequences from `from` on; those of messages whose commit is under way are known, because commits
// of several shards end in any order and a read must not pass one by. Limits: what is under way is
// bounded by StoreClient, the rest is numbers. Threads: shard-local. Pure state: reads nothing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include "base/time.h"
#include "storage/records.h"

namespace kith::broker {

class Spill {
  public:
    /// Begins empty, at the place of the next message.
    explicit Spill(std::uint64_t from) : from_(from), behind_(from) {}

    /// A message of this place is on its way to the disk.
    void add(std::uint64_t sequence, std::size_t bytes, WallTime expires_at) {
        add_stored(bytes, expires_at);
        behind_ = sequence + 1;
        under_way_.push_back({sequence, false});
    }
    /// It is on disk. Does nothing for one that is not of this spill.
    void on_stored(std::uint64_t sequence) {
        const auto found = std::ranges::lower_bound(under_way_, sequence, std::ranges::less{},
                                                    &UnderWay::sequence);
        if (found == under_way_.end() || found->sequence != sequence) {
            return;
        }
        found->is_stored = true;
        while (!under_way_.empty() && under_way_.front().is_stored) {
            under_way_.pop_front();
        }
    }
    /// One that is on disk already goes in front. Requires: a lower sequence than all others.
    void add_front(std::uint64_t sequence, std::size_t bytes, WallTime expires_at) {
        add_stored(bytes, expires_at);
        from_ = sequence;
    }
    /// What is before `place` has gone elsewhere; nothing is counted any more.
    void abandon(std::uint64_t place) {
        from_ = place;
        message_count_ = 0;
        size_bytes_ = 0;
        has_expiring_ = false;
    }
    /// A restored queue: what is before `place` may have been sent.
    void set_sent_behind(std::uint64_t place) {
        recovered_behind_ = place;
        sent_until_ = WallTime::from_ms(INT64_MAX);
    }
    /// All before `place` are on disk.
    [[nodiscard]] bool is_stored_to(std::uint64_t place) const {
        return under_way_.empty() || under_way_.front().sequence >= place;
    }
    /// Recovery: everything that there is.
    void restore(const storage::QueueRecord& record, WallTime sent_until) {
        behind_ = record.last_sequence + 1;
        recovered_behind_ = behind_;
        sent_until_ = sent_until;
        message_count_ = record.message_count;
        size_bytes_ = record.size_bytes;
        has_expiring_ = record.first_expires_at != WallTime();
    }

    /// A message has left: it is in memory now, or is dropped.
    void remove(std::size_t bytes) {
        message_count_ -= std::min<std::size_t>(message_count_, 1);
        size_bytes_ -= std::min(size_bytes_, bytes);
    }
    /// What is before has been read.
    void advance(std::uint64_t from) { from_ = from; }

    [[nodiscard]] std::uint64_t from() const { return from_; }
    /// All before are on disk.
    [[nodiscard]] std::uint64_t readable_behind() const {
        return under_way_.empty() ? behind_ : under_way_.front().sequence;
    }
    [[nodiscard]] bool has_readable() const { return from_ < readable_behind(); }
    /// Everything has been read, whatever the count says.
    [[nodiscard]] bool is_over() const { return from_ >= behind_; }
    /// What is before is from an earlier run of the node.
    [[nodiscard]] std::uint64_t recovered_behind() const { return recovered_behind_; }
    /// That run may have sent what came before the client had gone: better a DUP too many.
    [[nodiscard]] bool may_have_been_sent(std::uint64_t sequence, WallTime published_at) const {
        return sequence < recovered_behind_ && published_at <= sent_until_;
    }

    [[nodiscard]] std::size_t message_count() const { return message_count_; }
    [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }
    [[nodiscard]] bool has_expiring() const { return has_expiring_; }

    bool is_reading = false;     // one read at a time
    std::uint64_t swept_to = 0;  // where the search for expired messages goes on
    Instant next_sweep_at;

  private:
    struct UnderWay {
        std::uint64_t sequence;
        bool is_stored;
    };

    void add_stored(std::size_t bytes, WallTime expires_at) {
        ++message_count_;
        size_bytes_ += bytes;
        has_expiring_ |= expires_at != WallTime();
    }

    std::deque<UnderWay> under_way_;  // by sequence
    std::uint64_t from_;
    std::uint64_t behind_;
    std::uint64_t recovered_behind_ = 0;
    WallTime sent_until_;
    std::size_t message_count_ = 0;
    std::size_t size_bytes_ = 0;
    bool has_expiring_ = false;
};

}  // namespace kith::broker

// The one-way queue from one shard to another.
//
// Lock-free in the middle: a ring with one producer and one consumer. What does not fit stays on
// the sender's side, in order, until the receiver has made room; the receiver then wakes a sender
// that waits for it. Limits: kMailboxSlots in the ring; the overflow is bounded by what callers
// have in flight, and counted.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>

#include <boost/lockfree/spsc_queue.hpp>

#include "runtime/limits.h"
#include "runtime/mail.h"

namespace kith::runtime {

class Mailbox {
  public:
    Mailbox() = default;
    ~Mailbox() { drop_all(); }
    Mailbox(const Mailbox&) = delete;
    Mailbox& operator=(const Mailbox&) = delete;

    // --- The sender's side ---

    /// False if the mail had to wait on this side.
    bool post(std::unique_ptr<Mail> mail) {
        if (overflow_.empty() && ring_.push(mail.get())) {
            static_cast<void>(mail.release());
            return true;
        }
        overflow_.push_back(std::move(mail));
        return false;
    }

    /// Moves what waited into the ring, as far as there is room; true if some was moved. If some is
    /// left, the receiver wakes the sender as soon as there is room.
    bool push_overflow() {
        if (overflow_.empty()) {
            return false;
        }
        bool moved = fill_ring();
        if (!overflow_.empty()) {
            // Announced first, then tried again: room made in between is seen by one of the two.
            sender_waits_.exchange(true);
            moved = fill_ring() || moved;
        }
        return moved;
    }
    [[nodiscard]] bool has_overflow() const { return !overflow_.empty(); }
    [[nodiscard]] bool can_push_overflow() const {
        return !overflow_.empty() && ring_.write_available() != 0;
    }

    // --- The receiver's side ---

    [[nodiscard]] bool has_mail() { return ring_.read_available() != 0; }

    /// Hands what is there now to `deliver`; true if the sender waits for the room that this made.
    template <typename F>
    [[nodiscard]] bool receive(F&& deliver) {
        std::size_t count = ring_.read_available();
        if (count == 0) {
            return false;
        }
        Mail* mail = nullptr;
        while (count-- > 0 && ring_.pop(mail)) {
            const std::unique_ptr<Mail> owner(mail);
            deliver(*owner);
        }
        return sender_waits_.exchange(false);
    }

    /// Requires: neither side runs any more.
    void drop_all() {
        Mail* mail = nullptr;
        while (ring_.pop(mail)) {
            delete mail;
        }
        overflow_.clear();
    }

  private:
    bool fill_ring() {
        bool moved = false;
        while (!overflow_.empty() && ring_.push(overflow_.front().get())) {
            static_cast<void>(overflow_.front().release());
            overflow_.pop_front();
            moved = true;
        }
        return moved;
    }

    boost::lockfree::spsc_queue<Mail*, boost::lockfree::capacity<kMailboxSlots>> ring_;
    std::atomic<bool> sender_waits_ = false;
    alignas(64) std::deque<std::unique_ptr<Mail>> overflow_;  // the sender's alone
};

}  // namespace kith::runtime

// One link to a neighbour: the hellos in both directions, the receipts, and what they say of it.
//
// A link is up when it answers both ways: we hear the neighbour's hellos, and its newest one echoes
// one of ours. Anything heard is life. Frames that ask for a receipt are counted by both ends; as
// hellos name the count at which they were sent, frames that were lost are known to be so with the
// next echo, and are not waited for. The link knows what is overdue; who holds it decides what
// that means. Threads: shard-local. Limits: kHellosRemembered.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"
#include "mesh/detail/link_meter.h"
#include "mesh/detail/send_window.h"
#include "mesh/limits.h"
#include "mesh/ports.h"
#include "wire/mesh/frames.h"

namespace kith::mesh {

/// Hellos sent whose echo still counts: a round trip of 3 s while they leave every 100 ms.
inline constexpr std::size_t kHellosRemembered = 32;
/// Hellos of which a neighbour is told which were heard.
inline constexpr unsigned kHeardBits = 16;

enum class HelloKind : std::uint8_t { Regular, Probe, Answer };

class Link {
  public:
    Link(LinkId id, std::uint32_t cost_bias, Instant now);

    [[nodiscard]] LinkId id() const { return id_; }

    /// The next hello, which counts as sent. It tells what has been received, so that no receipt is
    /// due any more.
    [[nodiscard]] Hello next_hello(HelloKind kind, const Digests& digests, Instant now);
    /// Anything came. The silence before it was this node's own if it slept.
    enum class Slept : std::uint8_t { No, Yes };
    void on_heard(Slept slept, Instant now) {
        const Duration excess = now - quiet_since_ - 2 * promised_interval_;
        if (excess > Duration::zero() && peer_sequence_ != 0 && slept == Slept::No) {
            stalls_.add(excess, now);
        }
        quiet_since_ = now;
        is_forgiven_ = false;
    }
    enum class News : std::uint8_t {
        Old,    // overtaken or repeated: nothing new
        Newer,  // the newest so far
        First,  // the first one, or the first after a silence
    };
    News on_hello(const Hello& hello, Instant now);
    void on_receipt(const Receipt& receipt);

    /// A frame that asks for a receipt was sent, or has come.
    void count_sent(Instant now);
    /// One that was counted with the last count_sent() is a message.
    void count_message(Priority priority, std::size_t bytes) {
        window_.on_sent(sent_frames_, priority, bytes);
    }
    /// What is not known to have arrived leaves room for another message.
    [[nodiscard]] bool has_room(Priority priority) const { return window_.has_room(priority); }
    [[nodiscard]] std::size_t under_way_bytes(Priority priority) const {
        return window_.under_way_bytes(priority);
    }
    void count_received(Instant now);
    /// When a Receipt has to go; never() if none is owed.
    [[nodiscard]] Instant receipt_due() const { return receipt_due_; }
    [[nodiscard]] Receipt take_receipt();

    /// Frames that ask for a receipt, and had none.
    [[nodiscard]] bool has_outstanding() const { return outstanding_frames() > 0; }
    /// Answers both ways.
    [[nodiscard]] bool is_up() const { return is_hearing_ && is_heard_; }
    [[nodiscard]] bool is_hearing() const { return is_hearing_; }
    /// Was heard, and fell silent.
    [[nodiscard]] bool is_lost() const { return !is_hearing_ && peer_sequence_ != 0; }
    /// Nothing was heard for too long: neither side is known to hear the other any more.
    void fall_silent();
    /// The neighbour, if it is hearing, has promised a hello before that; stretched `times`, and by
    /// what the link has stalled before.
    [[nodiscard]] Instant silent_at(int times) const;
    /// No receipt for something sent, and nothing else was heard either; never() if nothing is
    /// waited for.
    [[nodiscard]] Instant receipt_overdue_at(int times) const;
    /// Nothing came since then.
    [[nodiscard]] Instant quiet_since() const { return quiet_since_; }
    /// More than two of the promised hellos are missing.
    [[nodiscard]] bool is_quiet(Instant now) const {
        return now - quiet_since_ > 2 * promised_interval_;
    }
    /// Grace is one more interval for a hello, once in a silence.
    enum class Grace : std::uint8_t { No, Yes };
    /// This node slept for so long, which was no silence of the neighbour.
    void forgive(Duration slept, Grace grace, Instant now);

    /// Messages went over it, in one or the other direction.
    void use(Instant now) {
        used_at_ = now;
        is_in_use_ = true;
    }
    /// The hello interval as it is promised; active for kActiveFor after use().
    [[nodiscard]] bool is_active(Instant now) const {
        return is_in_use_ && now - used_at_ < kActiveFor;
    }
    void promise(Duration interval) { own_interval_ = interval; }

    [[nodiscard]] const RoundTrip& round_trip() const { return round_trip_; }
    [[nodiscard]] std::uint32_t cost() const;
    /// Of our last hellos, as the neighbour told.
    [[nodiscard]] unsigned heard_of_16() const { return heard_of_16_; }

    // Held for the adjacency, which alone decides it.
    bool is_suspect = false;
    bool is_fast = false;  // hellos leave at the active interval
    Instant closes_at;     // unless it comes up; never() while it is up

  private:
    struct SentHello {
        std::uint64_t sent_at_us = 0;
        std::uint32_t sent_frames = 0;
    };

    [[nodiscard]] const SentHello* find_sent(std::uint64_t sent_at_us) const;
    void hear_sequence(std::uint32_t sequence);
    void measure(const Hello& hello, const SentHello& echoed, Instant now);
    void settle(std::uint32_t received_frames, const SentHello* echoed);
    [[nodiscard]] std::uint32_t outstanding_frames() const { return sent_frames_ - settled_; }

    LinkId id_;
    std::uint32_t cost_bias_ = 0;

    // Hellos out.
    std::uint32_t sequence_ = 0;
    Duration own_interval_{};

    // Hellos in.
    bool is_hearing_ = false;
    bool is_heard_ = false;
    std::uint16_t heard_of_last_16_ = 0;
    std::uint32_t peer_sequence_ = 0;  // 0: none yet
    std::uint64_t peer_sent_at_us_ = 0;
    Instant peer_heard_at_;
    Duration promised_interval_{};
    Instant quiet_since_;
    bool is_forgiven_ = false;  // the grace of this silence was given

    // Frames that ask for receipts.
    std::uint32_t sent_frames_ = 0;
    std::uint32_t settled_ = 0;      // of them, received or known to be lost
    std::uint32_t lost_frames_ = 0;  // what the neighbour's count lacks; modulo 2^32
    SendWindow window_;              // of them, messages
    Instant outstanding_since_;
    std::uint32_t received_frames_ = 0;
    Instant receipt_due_ = Instant::never();
    Instant used_at_;
    bool is_in_use_ = false;

    RoundTrip round_trip_;
    std::uint64_t measured_us_ = 0;  // sent_at_us of the newest hello that was measured
    Instant measured_from_;          // hellos before it say nothing: this node slept
    unsigned heard_of_16_ = kHeardBits;
    SmoothedCost smoothed_cost_;
    Stalls stalls_;

    // Behind all that every hello touches, of which it is one entry.
    std::array<SentHello, kHellosRemembered> sent_{};  // hellos out, by sequence, modulo
};

}  // namespace kith::mesh

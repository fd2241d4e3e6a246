#include "mesh/detail/link.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/check.h"
#include "mesh/limits.h"
#include "wire/mesh/bodies.h"

namespace kith::mesh {
namespace {

/// Hellos before the first that came are no loss.
constexpr std::uint16_t kAllHeard = 0xFFFF;
/// Whatever a neighbour promises: no more hellos than this can be missed.
constexpr Duration kPromiseMin = 10ms;

/// This node's clock as hellos tell it. Not 0, which is nothing.
std::uint64_t clock_us(Instant now) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(now.ns(), 0) / 1000) + 1;
}

std::int32_t ahead(std::uint32_t count, std::uint32_t of) {
    return static_cast<std::int32_t>(count - of);
}

}  // namespace

Link::Link(LinkId id, std::uint32_t cost_bias, Instant now)
    : id_(id), cost_bias_(std::min(cost_bias, kCostMax)), quiet_since_(now), measured_from_(now) {}

Hello Link::next_hello(HelloKind kind, const Digests& digests, Instant now) {
    ++sequence_;
    Hello hello;
    hello.sequence = sequence_;
    hello.wants_answer = kind == HelloKind::Probe;
    hello.is_answer = kind == HelloKind::Answer;
    hello.interval_ms = static_cast<std::uint16_t>(std::clamp<std::int64_t>(
        to_ms(own_interval_), 0, std::numeric_limits<std::uint16_t>::max()));
    hello.sent_at_us = clock_us(now);
    if (is_hearing_) {
        const std::int64_t held_us = (now - peer_heard_at_) / 1us;
        hello.echo_sent_at_us = peer_sent_at_us_;
        hello.echo_held_us = static_cast<std::uint32_t>(
            std::clamp<std::int64_t>(held_us, 0, std::numeric_limits<std::uint32_t>::max()));
        hello.heard_of_last_16 = heard_of_last_16_;
    }
    hello.received_frames = received_frames_;
    receipt_due_ = Instant::never();
    hello.digests = digests;
    sent_[sequence_ % kHellosRemembered] = {.sent_at_us = hello.sent_at_us,
                                            .sent_frames = sent_frames_};
    return hello;
}

Link::News Link::on_hello(const Hello& hello, Instant now) {
    if (peer_sequence_ != 0 && ahead(hello.sequence, peer_sequence_) <= 0) {
        const auto behind = static_cast<unsigned>(-ahead(hello.sequence, peer_sequence_));
        if (is_hearing_ && behind < kHeardBits) {
            heard_of_last_16_ = static_cast<std::uint16_t>(heard_of_last_16_ | (1U << behind));
        }
        return News::Old;
    }
    const News news = is_hearing_ ? News::Newer : News::First;
    hear_sequence(hello.sequence);
    is_hearing_ = true;
    is_forgiven_ = false;
    quiet_since_ = now;
    peer_sent_at_us_ = hello.sent_at_us;
    peer_heard_at_ = now;
    promised_interval_ =
        std::max<Duration>(std::chrono::milliseconds(hello.interval_ms), kPromiseMin);
    const SentHello* echoed = find_sent(hello.echo_sent_at_us);
    is_heard_ = echoed != nullptr;
    if (echoed != nullptr) {
        measure(hello, *echoed, now);
    }
    settle(hello.received_frames, echoed);
    return news;
}

void Link::hear_sequence(std::uint32_t sequence) {
    if (is_hearing_) {
        const auto by = static_cast<std::uint32_t>(ahead(sequence, peer_sequence_));
        const std::uint32_t history = by < kHeardBits ? std::uint32_t{heard_of_last_16_} << by : 0U;
        heard_of_last_16_ = static_cast<std::uint16_t>(history | 1U);
    } else {
        heard_of_last_16_ = kAllHeard;
    }
    peer_sequence_ = sequence;
}

const Link::SentHello* Link::find_sent(std::uint64_t sent_at_us) const {
    if (sent_at_us == 0) {
        return nullptr;
    }
    // The newest first: it is mostly that, or the one before.
    for (std::uint32_t back = 0; back < kHellosRemembered; ++back) {
        const SentHello& sent = sent_[(sequence_ - back) % kHellosRemembered];
        if (sent.sent_at_us == sent_at_us) {
            return &sent;
        }
    }
    return nullptr;
}

void Link::measure(const Hello& hello, const SentHello& echoed, Instant now) {
    heard_of_16_ = static_cast<unsigned>(std::popcount(hello.heard_of_last_16));
    if (echoed.sent_at_us > measured_us_ && echoed.sent_at_us >= clock_us(measured_from_)) {
        measured_us_ = echoed.sent_at_us;
        const std::uint64_t elapsed_us = clock_us(now) - echoed.sent_at_us;
        if (elapsed_us >= hello.echo_held_us) {
            round_trip_.add(std::chrono::microseconds(elapsed_us - hello.echo_held_us));
        }
    }
    smoothed_cost_.add(measured_cost_times_256(round_trip_.smoothed(), heard_of_16_), now);
}

void Link::on_receipt(const Receipt& receipt) {
    settle(receipt.received_frames, nullptr);
}

// All frames before an echoed hello have arrived or never will, apart from those that it overtook,
// by which the count is corrected when they come.
void Link::settle(std::uint32_t received_frames, const SentHello* echoed) {
    std::uint32_t settled = received_frames + lost_frames_;
    if (echoed != nullptr && ahead(echoed->sent_frames, settled) > 0) {
        lost_frames_ += echoed->sent_frames - settled;
        settled = echoed->sent_frames;
    }
    if (ahead(settled, sent_frames_) > 0) {
        lost_frames_ -= settled - sent_frames_;
        settled = sent_frames_;
    }
    if (ahead(settled, settled_) > 0) {
        settled_ = settled;
        window_.on_settled(settled);
    }
}

void Link::count_sent(Instant now) {
    if (outstanding_frames() == 0) {
        outstanding_since_ = now;
    }
    ++sent_frames_;
}

void Link::count_received(Instant now) {
    ++received_frames_;
    if (receipt_due_ == Instant::never()) {
        receipt_due_ = now + kReceiptDelay;
    }
}

Receipt Link::take_receipt() {
    receipt_due_ = Instant::never();
    return {.received_frames = received_frames_};
}

void Link::fall_silent() {
    is_hearing_ = false;
    is_heard_ = false;
    heard_of_last_16_ = 0;
    // Only a hello from now on can show that the neighbour hears again.
    sent_.fill({});
    settled_ = sent_frames_;
    window_.clear();
    receipt_due_ = Instant::never();
    is_in_use_ = false;
}

Instant Link::silent_at(int times) const {
    if (!is_hearing_) {
        return Instant::never();
    }
    return quiet_since_ + times * (promised_interval_ * kHelloPatienceTenths / 10) +
           stalls_.patience(quiet_since_);
}

Instant Link::receipt_overdue_at(int times) const {
    if (!is_up() || outstanding_frames() == 0) {
        return Instant::never();
    }
    return std::max(outstanding_since_, quiet_since_) + times * round_trip_.receipt_patience();
}

void Link::forgive(Duration slept, Grace grace, Instant now) {
    quiet_since_ = std::min(quiet_since_ + slept, now);
    outstanding_since_ = std::min(outstanding_since_ + slept, now);
    if (grace == Grace::No) {
        return;
    }
    outstanding_since_ = now;
    measured_from_ = now;
    if (is_forgiven_ || !is_hearing_) {
        return;
    }
    is_forgiven_ = true;
    const Duration lacking = promised_interval_ - (silent_at(1) - now);
    if (lacking > Duration::zero()) {
        quiet_since_ = std::min(quiet_since_ + lacking, now);
    }
}

std::uint32_t Link::cost() const {
    return std::min(smoothed_cost_.value() + cost_bias_, kCostMax);
}

}  // namespace kith::mesh

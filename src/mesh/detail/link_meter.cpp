#include "mesh/detail/link_meter.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/check.h"
#include "mesh/limits.h"
#include "wire/mesh/bodies.h"

namespace kith::mesh {
namespace {

constexpr std::int64_t kRoundTripUsMax = 60'000'000;
/// A sample counts as at most that: 8 times what was expected, or this if it is more.
constexpr std::int64_t kSampleUsAtLeast = 100'000;

constexpr std::uint64_t kCostTimes256 = 10 * 256;
constexpr std::uint64_t kCostRoundTripUs = 20'000;

/// The cost is smoothed in steps of a sixteenth of its half-life.
constexpr std::int64_t kStepsPerHalfLife = 16;
constexpr Duration kStep = kCostHalfLife / kStepsPerHalfLife;
/// 65536 * 2^(-k/16).
constexpr std::array<std::uint64_t, kStepsPerHalfLife> kDecayTimes65536 = {
    65536, 62757, 60097, 57549, 55109, 52773, 50535, 48393,
    46341, 44376, 42495, 40693, 38968, 37316, 35734, 34219};
/// After so many half-lives nothing is left that counts.
constexpr std::int64_t kHalfLivesMax = 32;

constexpr int kSignificantBits = 4;

std::int64_t to_us(Duration d) {
    return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}

std::uint64_t decayed(std::uint64_t distance, std::int64_t steps) {
    const std::int64_t halves = steps / kStepsPerHalfLife;
    if (halves >= kHalfLivesMax) {
        return 0;
    }
    const auto part = static_cast<std::size_t>(steps % kStepsPerHalfLife);
    return ((distance * kDecayTimes65536[part]) >> 16U) >> static_cast<unsigned>(halves);
}

}  // namespace

void RoundTrip::add(Duration sample) {
    std::int64_t sample_us = std::clamp<std::int64_t>(to_us(sample), 0, kRoundTripUsMax);
    if (!is_known_) {
        is_known_ = true;
        smoothed_us_times_8_ = sample_us * 8;
        variation_us_times_4_ = sample_us * 2;
        return;
    }
    sample_us = std::min(sample_us, std::max(smoothed_us_times_8_, kSampleUsAtLeast));
    // RFC 6298 (2.3): alpha = 1/8 and beta = 1/4, the variation first.
    const std::int64_t error_us = sample_us - smoothed_us_times_8_ / 8;
    variation_us_times_4_ += std::abs(error_us) - variation_us_times_4_ / 4;
    smoothed_us_times_8_ += error_us;
}

Duration RoundTrip::smoothed() const {
    return std::chrono::microseconds(smoothed_us_times_8_ / 8);
}

Duration RoundTrip::variation() const {
    return std::chrono::microseconds(variation_us_times_4_ / 4);
}

Duration RoundTrip::receipt_patience() const {
    return std::max<Duration>(3 * smoothed() + 4 * variation(), kReceiptPatienceMin);
}

Duration RoundTrip::answer_patience() const {
    return smoothed() + 4 * variation();
}

std::int64_t Stalls::usual_us(Instant now) const {
    const std::int64_t halves =
        std::clamp<std::int64_t>((now - updated_at_) / kStallHalfLife, 0, 62);
    return usual_us_ >> halves;
}

void Stalls::add(Duration excess, Instant now) {
    const std::int64_t before_us = usual_us(now);
    const std::int64_t excess_us = std::min(to_us(excess), to_us(kStallMax));
    if (excess_us > before_us) {
        usual_us_ = before_us + (excess_us - before_us) / 2;
        updated_at_ = now;
    }
}

Duration Stalls::patience(Instant now) const {
    return std::min<Duration>(4 * std::chrono::microseconds(usual_us(now)), kStallPatienceMax);
}

std::uint64_t measured_cost_times_256(Duration round_trip, unsigned heard_of_16) {
    const auto round_trip_us =
        static_cast<std::uint64_t>(std::clamp<std::int64_t>(to_us(round_trip), 0, kRoundTripUsMax));
    // In halves, so that there is something less than one.
    const std::uint64_t sent_halves = 2U * 16U;
    const std::uint64_t heard_halves = std::max(std::min(heard_of_16, 16U) * 2U, 1U);
    return kCostTimes256 * sent_halves * (kCostRoundTripUs + round_trip_us) /
           (heard_halves * kCostRoundTripUs);
}

void SmoothedCost::add(std::uint64_t cost_times_256, Instant now) {
    if (!is_known_) {
        is_known_ = true;
        smoothed_times_256_ = cost_times_256;
        updated_at_ = now;
        return;
    }
    const std::int64_t steps = (now - updated_at_) / kStep;
    if (steps <= 0) {
        return;
    }
    updated_at_ = updated_at_ + steps * kStep;
    if (smoothed_times_256_ > cost_times_256) {
        smoothed_times_256_ = cost_times_256 + decayed(smoothed_times_256_ - cost_times_256, steps);
    } else {
        smoothed_times_256_ = cost_times_256 - decayed(cost_times_256 - smoothed_times_256_, steps);
    }
}

std::uint32_t SmoothedCost::value() const {
    std::uint64_t cost = std::clamp<std::uint64_t>((smoothed_times_256_ + 128) / 256, 1, kCostMax);
    const int surplus_bits = static_cast<int>(std::bit_width(cost)) - kSignificantBits;
    if (surplus_bits > 0) {
        const auto shift = static_cast<unsigned>(surplus_bits);
        cost = ((cost + (1ULL << (shift - 1U))) >> shift) << shift;
    }
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(cost, kCostMax));
}

void ToldCost::start(std::uint32_t cost) {
    told_ = cost;
    drift_ = Drift::None;
}

bool ToldCost::offer(std::uint32_t cost, Instant now) {
    const std::uint32_t distance = cost > told_ ? cost - told_ : told_ - cost;
    if (std::uint64_t{distance} * 4 <= told_) {
        drift_ = Drift::None;
        return false;
    }
    const Drift drift = cost > told_ ? Drift::Dearer : Drift::Cheaper;
    if (drift != drift_) {
        drift_ = drift;
        drifts_since_ = now;
        return false;
    }
    if (now - drifts_since_ <= kCostChangeMin) {
        return false;
    }
    start(cost);
    return true;
}

}  // namespace kith::mesh

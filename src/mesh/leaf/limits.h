// Limits of a leaf, with their reasons.
#pragma once

#include <cstddef>

#include "base/time.h"

namespace kith::mesh {

/// Subscriptions of one leaf: each is compared with each message that comes.
inline constexpr std::size_t kLeafSubscriptionsMax = 10'000;
/// Messages that wait until the first link, or are not acknowledged yet, and their bytes, unless
/// its owner says otherwise. What does not fit is refused.
inline constexpr std::size_t kLeafMessagesMax = 10'000;
inline constexpr std::size_t kLeafMessageBytesMax = std::size_t{16} << 20U;

/// A leaf that has a neighbour counts as linked once both know the same, or after this: a large
/// mesh that changes all the time may never be quite the same twice.
inline constexpr Duration kLeafAgreementPatience = 3s;

/// How often a leaf that joins looks what is in the way.
inline constexpr Duration kLeafJoiningLook = 2s;

}  // namespace kith::mesh

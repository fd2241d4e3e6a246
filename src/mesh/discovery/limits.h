// Limits and times of discovery, with their reasons.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace kith::mesh {

/// Where beacons go (docs/formats/beacon.md).
inline constexpr std::uint16_t kBeaconPort = 7883;

/// Between two beacons of one node: the first when there is news, the last when there is none.
inline constexpr Duration kBeaconIntervalMin = 500ms;
inline constexpr Duration kBeaconIntervalMax = 30s;
/// A node that has heard so many that say the same in one interval says nothing itself.
inline constexpr unsigned kBeaconsEqual = 3;
/// News is answered within this, by chance, so that a hundred do not answer at once.
inline constexpr Duration kBeaconAnswerJitter = 500ms;
/// A node whose last beacon is older than this is as good as new when it is heard again.
inline constexpr Duration kHeardFor = 3 * kBeaconIntervalMax;

/// Nodes of the own mesh whose last beacon is kept: a large LAN. The longest silent goes first.
inline constexpr std::size_t kHeardNodesMax = 512;
/// Signatures that are verified: so many at once, and so many in a second after that; each takes up
/// to 0.2 ms. Beacons beyond that are dropped and counted.
inline constexpr std::uint32_t kBeaconVerifiesBurst = 256;
inline constexpr std::uint32_t kBeaconVerifiesPerSecond = 100;

/// Neighbours that discovery wants, those that it tolerates, and those that it takes to join parts
/// of the mesh that have lost each other. Half of the wanted ones are near, half are far.
inline constexpr std::size_t kActiveViewWanted = 6;
inline constexpr std::size_t kActiveViewTolerated = 8;
inline constexpr std::size_t kActiveViewMax = 32;
/// Nobody is left for somebody else's sake by a node that has no more neighbours than this.
inline constexpr std::size_t kActiveViewMin = 4;
/// Nodes that are known to be there and not linked to.
inline constexpr std::size_t kPassiveViewMax = 30;
inline constexpr std::size_t kAddressesPerCandidateMax = 4;
/// A candidate that nobody has named for so long is forgotten.
inline constexpr Duration kCandidateLifetime = 24h;

/// How often the views are looked after, a quarter of it more or less: while somebody is dialled or
/// has just been found, and else.
inline constexpr Duration kLookHurried = 250ms;
inline constexpr Duration kLookCalm = 1s;
/// Begun in one look: the others dial, too, and what they have done shows in the next one.
inline constexpr std::size_t kDialsPerLook = 1;
/// A candidate that is not a neighbour so long after it was dialled is not there.
inline constexpr Duration kDialPatience = 3s;
/// Then it is left alone for this, doubled each time; after so many it makes room for anybody.
inline constexpr Duration kDialAgainMin = 1s;
inline constexpr Duration kDialAgainMax = 5min;
inline constexpr unsigned kDialFailuresMax = 8;
/// Candidates whose certificate was never seen are dialled so many at once, and so many in a second
/// after that: anybody can name them.
inline constexpr std::uint32_t kStrangerDialsBurst = 12;
inline constexpr std::uint32_t kStrangerDialsPerSecond = 2;
/// Somebody who is heard and cannot be reached is linked to after this and, by chance, up to that:
/// one of those who hear him is enough, and it takes a while until the others know.
inline constexpr Duration kIsolationGrace = 1s;
inline constexpr Duration kIsolationSpreadMin = 3s;
inline constexpr Duration kIsolationSpreadPerNode = 50ms;
/// A leaf waits up to this, by chance: the other one may dial at the same time.
inline constexpr Duration kLeafPatience = 250ms;
/// Between two links that are given up since there are too many; and how old they are then.
inline constexpr Duration kShedInterval = 1s;
inline constexpr Duration kShedAgeMin = 1s;

}  // namespace kith::mesh

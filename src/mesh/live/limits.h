// Limits and times of live links, with their reasons.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace kith::mesh {

/// How long a connection may take until both sides have proved who they are.
inline constexpr Duration kLinkHandshakeMax = 2s;
/// Handshakes of peers that dialled this node, under way; more connections are closed at once.
inline constexpr std::size_t kLinkHandshakesAcceptedMax = 64;
/// Connections in all states; more are closed at once. Beyond kNeighborSessionsMax links the core
/// refuses with a reason; these are for handshakes and good-byes beside them.
inline constexpr std::size_t kLinkConnectionsMax = 1024;

/// A QoS 0 message is dropped while so many bytes wait behind a congested stream.
inline constexpr std::size_t kLinkQueueBytesMax = 1U << 20U;
/// What must not be dropped waits up to this; then the link ends, and what was on it goes another
/// way. Four of the largest frames at least.
inline constexpr std::size_t kLinkQueueBytesEnd = 16U << 20U;

/// Clients go on publishing to nodes that are slow to take it until so much is on its way.
inline constexpr std::size_t kUnderWayBytesMax = 8U << 20U;

/// Addresses of one peer, dialled one after the other without waiting for the first to fail.
inline constexpr std::size_t kAddressesPerPeerMax = 8;
inline constexpr Duration kDialStagger = 50ms;
/// Between two rounds, doubled each time; and a quarter of it more or less, by chance.
inline constexpr Duration kDialBackoffMin = 100ms;
inline constexpr Duration kDialBackoffMax = 5s;
/// A link that lasted so long was a success: the next backoff begins anew.
inline constexpr Duration kLinkProven = 5s;
/// Peers that are told by configuration.
inline constexpr std::size_t kStaticPeersMax = 64;

/// Two nodes that dial one another at the same time get two links within this. A link that is older
/// when the other comes is one that the other side has lost.
inline constexpr Duration kDuplicateWindow = 5s;
/// The link that is not kept stays so long, until the other one carries.
inline constexpr Duration kDuplicateLinger = 1s;

/// Nodes that are being let in, and of them those from one address; more are closed at once.
inline constexpr std::size_t kJoinChannelsMax = 64;
inline constexpr std::size_t kJoinChannelsPerAddressMax = 8;
/// One request and one answer, from the connection on.
inline constexpr Duration kJoinChannelMax = 5s;

/// Pairing offers that an unpaired machine tries to read: so many at once, and so many in a second
/// after that; each takes some 30 ms. Offers are repeated, so that one that is left out comes
/// again.
inline constexpr std::uint32_t kPairingReadsBurst = 4;
inline constexpr std::uint32_t kPairingReadsPerSecond = 2;
/// How often an offer is repeated.
inline constexpr Duration kPairingOfferInterval = 500ms;

/// A circuit's stream is congested above the first of these, until it is below the second.
inline constexpr std::size_t kCircuitOutputBytesHigh = 256U << 10U;
inline constexpr std::size_t kCircuitOutputBytesLow = 64U << 10U;
/// Until a service answers at the other end of a forwarded connection, its name looked up.
inline constexpr Duration kForwardConnectMax = 10s;
/// From there to here: the circuit, TLS inside of it, and the above.
inline constexpr Duration kForwardOpenMax = 20s;
/// Who has opened a circuit says within this who it is and where it wants to.
inline constexpr Duration kForwardTargetMax = 10s;
/// Rules of who may forward where.
inline constexpr std::size_t kForwardRulesMax = 256;

/// How often discovery looks which interfaces there are, and for places that other nodes tell.
inline constexpr Duration kInterfacesInterval = 10s;
inline constexpr Duration kLocatorsInterval = 1s;
/// What discovery knows of the mesh may be so old.
inline constexpr Duration kPictureAge = 100ms;

/// Good-byes get so long to leave when the node stops.
inline constexpr Duration kHostCloseGrace = 1s;

}  // namespace kith::mesh

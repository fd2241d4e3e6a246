// Limits of the mesh's frames. A peer that exceeds one is refused and counted.
#pragma once

#include <cstddef>

namespace kith::mesh {

/// A frame without its length: the largest message, its destinations, and what else stands in
/// front of it.
inline constexpr std::size_t kFrameBytesMax = (1U << 20U) + (64U << 10U);
/// Topic, properties and payload of a DATA. Larger messages stay on their node, and are counted.
inline constexpr std::size_t kMessageBytesMax = 1U << 20U;
/// A record's body: fits a batch of 16 KiB with others, and a datagram's fragments.
inline constexpr std::size_t kRecordBodyBytesMax = 4096;
/// Ed25519.
inline constexpr std::size_t kSignatureBytes = 64;
/// Parts of one kind of record of one node.
inline constexpr std::size_t kRecordPartsMax = 256;
/// Neighbours in one LinkState record; beyond the 32 that discovery keeps, for static hubs.
inline constexpr std::size_t kNeighborsMax = 255;
/// Extensions of one frame or body, known or not.
inline constexpr std::size_t kExtensionsMax = 16;
/// Places at which a node says that it can be reached.
inline constexpr std::size_t kLocatorsMax = 8;
inline constexpr std::size_t kLocatorBytesMax = 64;
inline constexpr std::size_t kNodeNameBytesMax = 64;
/// Entries in one RecordAck, RecordRequest, DigestList, Echo, CustodyAck.
inline constexpr std::size_t kListEntriesMax = 512;
/// Destinations of one DATA; with more of them, the message travels as several.
inline constexpr std::size_t kDestinationsMax = 1024;
/// Share groups that one destination of a DATA serves: of one node, with a filter for one topic.
inline constexpr std::size_t kDestinationGroupsMax = 1024;
/// As an MQTT packet has it.
inline constexpr std::size_t kTopicBytesMax = 65535;
/// Hops that a DATA may take. Twice the diameter of anything that is sensible.
inline constexpr unsigned kHopsMax = 32;
/// Bytes in one frame of a circuit: what waits in front of a message on a link is short.
inline constexpr std::size_t kCircuitBytesMax = 16U << 10U;
/// Buckets in which two nodes compare what they know.
inline constexpr std::size_t kDigestBuckets = 64;
/// And the common state, of which there is more.
inline constexpr std::size_t kStateBuckets = 256;
/// A value of the common state that is not a retained message.
inline constexpr std::size_t kStateValueBytesMax = 1024;

}  // namespace kith::mesh

// The numbers and names that mesh nodes agree on: ids, versions, kinds of frames and records.
//
// Ids are 64 bits everywhere on the wire and never shortened: at 10,000 nodes two of them agree
// with a probability of 3e-12. What a node tells is versioned by the epoch of its start and a
// counter, so that of two tellings every node knows the newer one.
#pragma once

#include <compare>
#include <cstdint>

#include "base/strong_id.h"

namespace kith::mesh {

/// The first 8 bytes of SHA-256 over the node's public key (SubjectPublicKeyInfo). 0 is none.
using NodeId = StrongId<struct NodeIdTag, std::uint64_t>;

/// Orders what one node tells. The epoch grows with every start of the node, the counter with every
/// telling.
struct Version {
    std::uint32_t epoch = 0;  // seconds; of the node's hybrid clock when it started
    std::uint32_t counter = 0;

    friend auto operator<=>(const Version&, const Version&) = default;
};

/// Names a message in the whole mesh, for ever.
// style: DATA is what the protocol calls it.
struct DataId {
    NodeId origin;
    std::uint32_t epoch = 0;
    std::uint64_t sequence = 0;  // from 1, in the order in which the origin accepted them

    friend auto operator<=>(const DataId&, const DataId&) = default;
};

/// Names a circuit in the whole mesh, for ever.
struct CircuitId {
    NodeId origin;
    std::uint32_t epoch = 0;   // of the origin
    std::uint64_t number = 0;  // of its circuits, from 1

    friend auto operator<=>(const CircuitId&, const CircuitId&) = default;
};

/// 5 bits on the wire. A receiver skips frames of types that it does not know.
enum class FrameType : std::uint8_t {
    Hello = 1,
    Receipt = 2,
    Record = 3,
    RecordAck = 4,
    RecordRequest = 5,
    Digest = 6,
    DigestList = 7,
    Echo = 8,
    Data = 9,
    CustodyAck = 10,
    Credit = 11,
    Goodbye = 12,
    State = 13,
    StateDigest = 14,
    StateList = 15,
    StateRequest = 16,
    Circuit = 17,
    // 18 to 31 are free: directory look-ups, calls, chunks of bundles.
};

/// Classes of traffic, the first goes first; 3 bits on the wire.
enum class Priority : std::uint8_t {
    Control = 0,  // hellos, receipts, records, acknowledgements: strictly first
    Alarm = 1,    // strictly before the rest, up to a share of the link
    Command = 2,
    Event = 3,
    Default = 4,
    Low = 5,
    Bulk = 6,
    Drain = 7,  // what waited in a partition: never more than half of a link
};
inline constexpr std::size_t kPriorityCount = 8;

/// What a node tells all others under its signature. All kinds are flooded, acknowledged, compared
/// and forgotten in one way.
enum class RecordKind : std::uint8_t {
    Identity = 1,    // the certificate; verifies all other records of its origin
    LinkState = 2,   // neighbours with costs, locators, capabilities
    Interest = 3,    // what the node's clients subscribe to, in parts
    Directory = 4,   // machines, sessions
    Revocation = 5,  // keys that do not belong any more
};
inline constexpr std::size_t kRecordKindCount = 5;

/// A record's name. A kind that is too large for one record is cut into parts, so that a change of
/// one filter floods one part, and no delta ever needs its base.
struct RecordKey {
    NodeId origin;
    RecordKind kind = RecordKind::Identity;
    std::uint16_t part = 0;

    friend auto operator<=>(const RecordKey&, const RecordKey&) = default;
};

/// When an entry of the mesh's common state was written, and by whom. Of two, the later one wins
/// everywhere. Never rewritten.
struct Stamp {
    std::uint64_t time = 0;  // hybrid: wall clock in ms << 16, and a counter; 0: none
    NodeId writer;

    friend auto operator<=>(const Stamp&, const Stamp&) = default;
};

/// What the entries of the common state are.
enum class StateKind : std::uint8_t {
    Retained = 1,  // retained messages; by topic
    Session = 2,   // where sessions are; by client id
};
inline constexpr std::size_t kStateKindCount = 2;

/// Names an entry: state_hash() of its tenant and name.
struct StateKey {
    std::uint64_t hash = 0;
    StateKind kind = StateKind::Retained;

    friend auto operator<=>(const StateKey&, const StateKey&) = default;
};

/// What a node is to the others.
enum class NodeRole : std::uint8_t {
    Router = 0,  // forwards for others
    Leaf = 1,    // never does: a vehicle, a machine with the library inside
};

}  // namespace kith::mesh

// The frames of the mesh protocol as values. Views are borrowed from the bytes they were read from,
// or from who wants them written.
//
//     frame := length varint | type:5 priority:3 | body          length counts type and body
//     body  := the fixed fields below, in order, big-endian | extension*
//     extension := kind u8 | length varint | bytes               unknown ones are skipped
//
// `varint` is LEB128 in its shortest form, at most 9 bytes. A text or blob is a varint length and
// its bytes. A list is a varint count and its entries. docs/formats/mesh.md has the layout of each
// frame. Limits: limits.h.
#pragma once

#include <boost/container/small_vector.hpp>

#include <array>
#include <cstdint>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "wire/mesh/limits.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

/// What a node knows of each kind of record, in one number each. Two nodes that know the same have
/// the same digests: the exclusive or of a hash of every record's key and version.
struct Digests {
    std::array<std::uint64_t, kRecordKindCount> of_kind{};
    /// Of the common state, of all kinds together: the exclusive or of state_digest() of each
    /// entry. A leaf tells none.
    std::uint64_t of_state = 0;

    friend bool operator==(const Digests&, const Digests&) = default;
};

/// Keeps a link alive, measures it, and compares what both sides know.
struct Hello {
    std::uint32_t sequence = 0;  // of the hellos on this link, from 1
    bool wants_answer = false;   // a probe: answer with a Hello at once
    bool is_answer = false;
    std::uint16_t interval_ms = 0;       // the next one comes within that
    std::uint64_t sent_at_us = 0;        // by the sender's own clock
    std::uint64_t echo_sent_at_us = 0;   // sent_at_us of the last hello heard; 0: none yet
    std::uint32_t echo_held_us = 0;      // between hearing it and sending this
    std::uint32_t received_frames = 0;   // as in Receipt
    std::uint16_t heard_of_last_16 = 0;  // a bit for each of the peer's last hellos, newest lowest
    /// False: they have not changed since the last hello that told them. They are half of the 52
    /// bytes of a usual hello, so not every one has to tell them.
    bool tells_digests = true;
    Digests digests;
};

/// How many frames that ask for a receipt came over this link, modulo 2^32. Answered by the
/// receiving loop before anything is stored: a slow disk is not a dead link.
struct Receipt {
    std::uint32_t received_frames = 0;
};

/// Something its origin tells everybody.
///
///     left_ms u32 | told
///     told := origin u64 | kind u8 | part u16 | epoch u32 | counter u32 | lifetime_s u32
///           | body blob | signature 64 bytes
///
/// The signature is Ed25519 over "kith-mesh-record-1" and what of `told` is before it: `told` is
/// the same wherever it goes, and stored once. What is left of the lifetime is the sender's to say,
/// so that a record ends everywhere at the same time and does not live on by being handed around.
/// An empty body withdraws the part; it is kept for its lifetime, so that an older one does not
/// come back.
struct Record {
    std::uint32_t left_ms = 0;
    RecordKey key;
    Version version;
    std::uint32_t lifetime_s = 0;
    Bytes body;
    Bytes signature;  // kSignatureBytes
};

struct RecordVersion {
    RecordKey key;
    Version version;

    friend bool operator==(const RecordVersion&, const RecordVersion&) = default;
};
using RecordVersions = boost::container::small_vector<RecordVersion, 8>;

/// The neighbour has these, or newer.
struct RecordAck {
    RecordVersions records;
};

/// The neighbour wants these, whatever their version (which is 0 here).
struct RecordRequest {
    RecordVersions records;
};

/// For a kind whose digests stay different: which buckets differ. A record is in bucket
/// record_bucket(key).
struct Digest {
    RecordKind kind = RecordKind::Identity;
    std::array<std::uint64_t, kDigestBuckets> buckets{};
};

/// What the sender has in the buckets of `bucket_mask`. The receiver sends what is newer there, and
/// asks for what it lacks.
struct DigestList {
    RecordKind kind = RecordKind::Identity;
    std::uint64_t bucket_mask = 0;
    RecordVersions records;  // in order of key; in several frames if there are too many:
    RecordKey first;         // this frame covers the keys from here
    RecordKey last;          // to here, both included
};

/// Propagation of information with feedback (Segall 1983): the wave that goes out from a node and
/// comes back when everybody has what it asks for.
struct Echo {
    NodeId initiator;
    std::uint32_t epoch = 0;  // of the initiator
    std::uint32_t wave = 0;   // number of its waves, from 1
    RecordVersions wanted;    // installed before the wave goes on
    /// Of a wave that comes back: false if a part of the mesh was cut off on its way.
    bool is_complete = true;
};

struct Destination {
    NodeId node;
    /// Place in the stream of messages from the origin to this node, in the class of the message:
    /// 1, 2, 3 ... without gaps. It orders, and shows duplicates. 0 for QoS 0.
    std::uint64_t stream_sequence = 0;
    /// The first place that this node has not acknowledged to the origin, as far as the origin knew
    /// when it sent: all before it is done with. At most stream_sequence; 0 for QoS 0.
    std::uint64_t stream_first = 0;
    /// For the subscriptions there that are not shared. Without groups and these it is for nobody,
    /// and only fills its place.
    bool for_all = true;
    /// For a member there of each of these share groups: share_group_id(). In order, none twice.
    boost::container::small_vector<std::uint64_t, 1> groups;

    friend bool operator==(const Destination&, const Destination&) = default;
};
using Destinations = boost::container::small_vector<Destination, 4>;

/// What a DATA is for the node that it reaches.
// style: DATA is what the protocol calls it.
enum class DataKind : std::uint8_t {
    Publication = 0,  // for whoever subscribes there
    Void = 1,         // nothing: fills a place in the stream whose message went elsewhere
    Directed = 2,     // for the node itself, whatever its clients subscribe to
};

/// A message on its way to a set of nodes. Each hop sends one copy to each next hop, with the
/// destinations that lie there: so a link carries it once, and no destination gets two.
// style: DATA is what the protocol calls it.
struct Data {
    DataId id;
    Priority priority = Priority::Default;  // of the frame
    DataKind kind = DataKind::Publication;
    std::uint8_t hops_left = 0;
    std::uint8_t qos = 0;  // 0 to 2: how the publisher sent it
    bool retain = false;
    /// The origin may not come back: who hears it first stores it, and says so
    /// (CustodyVerdict::Held).
    bool wants_replica = false;
    std::uint64_t flow = 0;            // hash of who published: order holds within (flow, priority)
    std::int64_t published_at_ms = 0;  // wall clock of the origin
    /// Counted down at each hop by the time it was held; 0: never.
    std::uint32_t expires_after_ms = 0;
    std::uint32_t tenant = 0;
    /// Of a retained message, the entry of the common state that it sets, or ends if it is empty;
    /// its writer is the origin. 0: it sets none.
    std::uint64_t state_time = 0;      // Stamp::time
    std::uint64_t state_replaces = 0;  // State::replaces
    std::uint32_t state_forget_h = 0;  // State::forget_h
    /// Of QoS 1 and 2: what its origin calls it, for who may get it in two ways; 0: nothing.
    std::uint64_t number = 0;
    Destinations destinations;  // one at least, in order of node, none twice
    std::string_view topic;
    Bytes properties;  // MQTT 5 properties, encoded as in a PUBLISH
    Bytes payload;     // with topic and properties kMessageBytesMax at most
};

/// Custody is shared, never given away: everybody on the way keeps a message until those behind
/// have acknowledged it, so the origin is told only when it has arrived.
enum class CustodyVerdict : std::uint8_t {
    Accepted = 0,  // these destinations have it
    Returned = 1,  // no way from here, and not kept here: they stay with you
    Held = 2,      // stored here, as wants_replica asked; still with you, too
    Waiting = 3,   // they have it, and wait for clients that are slow: again only after a while
};

struct CustodyEntry {
    DataId id;
    CustodyVerdict verdict = CustodyVerdict::Accepted;
    /// Of the destinations that the neighbour was given, in order; empty: all of them.
    boost::container::small_vector<NodeId, 2> destinations;
};

struct CustodyAck {
    boost::container::small_vector<CustodyEntry, 8> entries;
};

/// How much more of a class a neighbour may send: totals since the link is up, so that a lost or
/// repeated one does no harm.
struct Credit {
    Priority priority = Priority::Default;
    std::uint64_t bytes_total = 0;
};

enum class GoodbyeReason : std::uint8_t {
    Leaving = 0,     // stops in order: no need to wait for a timeout
    Duplicate = 1,   // another link to the same node is kept
    NotAMember = 2,  // revoked, or of another mesh
    TooManyLinks = 3,
    Misbehaving = 4,  // malformed or forged frames
    Silent = 5,       // nothing was heard for long
};

struct Goodbye {
    GoodbyeReason reason = GoodbyeReason::Leaving;
};

/// An entry of the state that all routers of the mesh have in common: the last writer wins. It goes
/// from neighbour to neighbour, to whom it is news.
struct State {
    StateKey key;
    Stamp stamp;
    /// Stamp::time of the entry that its writer knew and replaced; 0: none. One that knew less than
    /// what it meets was written at the same time, and one of the two is lost.
    std::uint64_t replaces = 0;
    /// Hours since 1970 from when on nobody needs to know of it; 0: never.
    std::uint32_t forget_h = 0;
    /// Deleted, or expired: what follows is not there.
    bool is_gone = false;
    std::uint32_t tenant = 0;
    std::string_view name;
    /// A retained message, as in Data; of other kinds these are 0.
    std::uint8_t qos = 0;
    std::int64_t published_at_ms = 0;
    std::uint32_t expires_after_ms = 0;
    Bytes properties;
    Bytes value;  // with name and properties kMessageBytesMax at most
};

/// For common state whose digests stay different. An entry is in bucket state_bucket(key).
struct StateDigest {
    std::array<std::uint64_t, kStateBuckets> buckets{};
};

struct StateVersion {
    StateKey key;
    Stamp stamp;
};

/// What the sender has from `first` to `last`, both included. The receiver sends what is newer
/// there, and asks for what it lacks.
struct StateList {
    StateKey first;
    StateKey last;
    boost::container::small_vector<StateVersion, 4> entries;  // in order of key
};

/// The neighbour wants these.
struct StateRequest {
    boost::container::small_vector<StateKey, 4> keys;  // in order
};

enum class CircuitKind : std::uint8_t {
    Open = 0,   // from the origin to the destination; every node on the way remembers the way
    Bytes = 1,  // kCircuitBytesMax at most
    Room = 2,   // how many the other end has received, and how many it may send
    Close = 3,  // at once, in both directions
};

/// Why a circuit ends. NoWay and Broken are about its way, of which its origin may find another.
enum class CircuitEnd : std::uint8_t {
    Done = 0,     // by one of its ends
    Refused = 1,  // the destination takes no circuits
    NoWay = 2,    // to the destination
    TooMany = 3,  // on one of the nodes
    Broken = 4,   // somebody on the way does not know it, or has lost its neighbour
    Gone = 5,     // one end does not know it any more
};
inline constexpr std::size_t kCircuitEndCount = 6;

/// A stream of bytes between two nodes in both directions. Those between them keep nothing: an end
/// keeps what it has sent until the other one has received it, and sends it again if need be.
struct Circuit {
    CircuitId id;
    CircuitKind kind = CircuitKind::Open;
    bool is_from_origin = true;  // the direction of this frame
    // Open
    NodeId destination;
    std::uint32_t way = 1;  // number of this try to find a way, from 1
    std::uint8_t hops_left = 0;
    bool resumes = false;  // both ends have it already
    // Bytes
    std::uint64_t before = 0;  // how many went before, in this direction
    Bytes bytes;               // not empty
    // Room, of the other direction: totals, so that a lost or repeated one does no harm
    std::uint64_t received = 0;  // all up to this
    std::uint64_t allowed = 0;   // at least `received`
    // Close
    CircuitEnd end = CircuitEnd::Done;
};

using Frame =
    std::variant<Hello, Receipt, Record, RecordAck, RecordRequest, Digest, DigestList, Echo, Data,
                 CustodyAck, Credit, Goodbye, State, StateDigest, StateList, StateRequest, Circuit>;

/// Names a share group and its filter in one number.
[[nodiscard]] std::uint64_t share_group_id(std::uint32_t tenant, std::string_view group,
                                           std::string_view filter);
/// The bucket in which a record is compared: the top 6 bits of a hash of its key.
[[nodiscard]] std::size_t record_bucket(const RecordKey& key);
/// StateKey::hash. Of tenant 0 it is hash_text() of the name, so that who has a table by that hash
/// finds it there.
[[nodiscard]] std::uint64_t state_hash(std::uint32_t tenant, std::string_view name);
[[nodiscard]] constexpr std::size_t state_bucket(const StateKey& key) {
    return key.hash >> 56U;
}
/// What an entry adds to a digest.
[[nodiscard]] std::uint64_t state_digest(const StateKey& key, const Stamp& stamp);
/// What a record adds to a digest.
[[nodiscard]] std::uint64_t record_hash(const RecordKey& key, const Version& version);

}  // namespace kith::mesh

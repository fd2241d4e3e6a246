// What everybody tells everybody: signed records, the newest of each, flooded until all have them.
//
// A record that is new here goes to all neighbours but the one it came from, and again to each that
// has not acknowledged it. Hellos carry a digest of all that a node has; where two stay different
// for two hellos, they compare buckets, then versions, and send what the other lacks. So that what
// a node knows does not depend on which frames were lost on the way: whoever hears one another ends
// with the same. A record is taken only with the signature of its origin; its Identity comes first.
// Limits: limits.h.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/shared_bytes.h"
#include "base/time.h"
#include "mesh/options.h"
#include "mesh/ports.h"
#include "wire/mesh/frames.h"

namespace kith::mesh {

/// One record as it is kept: as small as it can be, since everybody keeps those of everybody.
struct StoredRecord {
    RecordKey key;
    Version version;
    Instant expires_at;
    SharedBytes told;  // the Record frame but its head, which says what is left of its life
    std::uint16_t body_bytes = 0;

    /// Inside of `told`; empty: withdrawn.
    [[nodiscard]] Bytes body() const;
};

/// Told from inside of Records' calls; may call what is const.
class RecordListener {
  public:
    /// A record is new, newer, withdrawn (empty body) or forgotten (not there any more).
    virtual void on_record(const RecordKey& key, const StoredRecord* record, Instant now) = 0;
    /// Sends to a neighbour.
    virtual void send_records(NodeId neighbor, Bytes head, const SharedBytes& body,
                              Instant now) = 0;
    virtual void on_refused(NodeId neighbor, DropReason reason) = 0;
    /// Another key counts for this id from now on: what the one before has told is forgotten, and
    /// its links are to be ended at the end of the turn.
    virtual void on_key_replaced(NodeId origin) { static_cast<void>(origin); }

  protected:
    ~RecordListener() = default;
};

class Records {
  public:
    /// The trust port verifies what this node signed itself. The pool may be null.
    struct Ports {
        TrustPort& trust;
        RecordListener& listener;
        RecordPool* pool = nullptr;
    };
    Records(const MeshOptions& options, const Ports& ports, std::uint64_t seed);
    ~Records();

    /// Tells a record of this node, which replaces the one before; sooner or later, as often as its
    /// kind may be told. The same body again tells nothing. An empty one withdraws it. Identity is
    /// told first. Errors: Limit for a part that cannot be, and for more bytes than others take.
    [[nodiscard]] Status tell(RecordKind kind, std::uint16_t part, Bytes body, Instant now);

    /// A record of another node that a life before this one had stored; the Identity of its origin
    /// comes before what else it told. Errors: as for one that a neighbour sends.
    [[nodiscard]] Status restore(const Record& record, Instant now);

    /// Removes everything that another node has told, as if it had expired.
    void forget_origin(NodeId origin, Instant now);

    void on_neighbor_up(NodeId neighbor, NodeRole role, Instant now);
    void on_neighbor_down(NodeId neighbor);
    // Frames are as decode() gives them; those of a node that is no neighbour are dropped.
    void on_record(NodeId neighbor, const Record& record, Instant now);
    void on_ack(NodeId neighbor, const RecordAck& ack, Instant now);
    void on_request(NodeId neighbor, const RecordRequest& request);
    void on_digest(NodeId neighbor, const Digest& digest, Instant now);
    void on_digest_list(NodeId neighbor, const DigestList& list, Instant now);
    /// As a hello told them.
    void on_neighbor_digests(NodeId neighbor, const Digests& digests, Instant now);
    void on_timer(Instant now);

    /// Sends what the calls before have left to be sent. After each turn; cheap if there is
    /// nothing.
    void flush(Instant now);
    /// When on_timer() wants to be called. True after flush().
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] const Digests& digests() const;
    /// Null if there is none, or it was withdrawn.
    [[nodiscard]] const StoredRecord* find(const RecordKey& key) const;
    /// Whether this version, or a newer one, is here; a withdrawn one too.
    [[nodiscard]] bool has(const RecordVersion& record) const;
    /// Of one kind, in order of key, withdrawn ones left out. Valid until a record changes.
    [[nodiscard]] std::vector<const StoredRecord*> all(RecordKind kind) const;
    /// Of what tell() was called with last, though others may not have it yet; 0 if it told none.
    [[nodiscard]] Version own_version(RecordKind kind, std::uint16_t part) const;
    [[nodiscard]] std::size_t record_bytes() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kith::mesh

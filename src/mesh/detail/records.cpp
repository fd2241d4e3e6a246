#include "mesh/detail/records.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/narrow.h"
#include "mesh/detail/frame_writer.h"
#include "mesh/detail/own_records.h"
#include "mesh/detail/record_outboxes.h"
#include "mesh/detail/record_pace.h"
#include "mesh/detail/record_store.h"
#include "mesh/detail/record_sync.h"
#include "mesh/limits.h"
#include "wire/mesh/codec.h"

namespace kith::mesh {
namespace {

constexpr NodeId kNobody{};

[[nodiscard]] RecordKey identity_of(NodeId node) {
    return {.origin = node, .kind = RecordKind::Identity, .part = 0};
}

/// Only these are so large that they are cut into parts.
[[nodiscard]] bool has_parts(RecordKind kind) {
    return kind != RecordKind::Identity && kind != RecordKind::LinkState;
}

[[nodiscard]] bool is_same(const StoredRecord& stored, const Record& record) {
    return std::ranges::equal(stored.body(), record.body) &&
           std::ranges::equal(stored.told.bytes().last(kSignatureBytes), record.signature);
}

}  // namespace

Bytes StoredRecord::body() const {
    return told.bytes().last(body_bytes + kSignatureBytes).first(body_bytes);
}

struct Records::Impl {
    struct Neighbor {
        NodeId node;
        NodeRole role;
        RecordSync sync;
        RecordOutboxes::Index outbox;
        RecordVersions acks;  // that wait
        Instant acks_due_at = Instant::never();
        Instant acks_sent_at;     // the last of them
        RecordVersions requests;  // of this turn
    };

    Impl(const MeshOptions& options, const Ports& used_ports, std::uint64_t seed)
        : self(options.self), role(options.role), ports(used_ports), own(options.epoch, seed) {}

    // What comes in.
    void take(Neighbor& from, const Record& record, Instant now);
    void on_rival(Neighbor& from, const Record& record, Instant now);
    void forget_origin(NodeId origin, Instant now);
    void on_known(Neighbor& from, const Record& record, RecordSlot slot, Instant now);
    [[nodiscard]] std::optional<DropReason> refusal(const Record& record) const;
    [[nodiscard]] bool is_genuine(const Record& record);
    void refuse(Neighbor& from, const Record& record, DropReason reason, Instant now);
    void acknowledge(Neighbor& from, const Record& record, Instant now);

    // What changes.
    void tell_due(Instant now);
    void install(const Record& record, NodeId from, Instant now);
    void forget_expired(Instant now);
    void remove(const RecordKey& key);

    // What goes out.
    void offer(Neighbor& neighbor, const RecordKey& key);
    void send_waiting(Neighbor& neighbor, Instant now);
    void send(Neighbor& neighbor, RecordOutboxes::Overdue what, Instant now);
    void send_answers(Neighbor& neighbor, Instant now);
    void send_frame(const Neighbor& neighbor, const Frame& frame, Instant now);
    void plan();

    [[nodiscard]] Neighbor* find_neighbor(NodeId node);

    NodeId self;
    NodeRole role;
    Ports ports;
    OwnRecords own;
    RecordStore store;
    RecordOutboxes outboxes{store};
    std::vector<std::unique_ptr<Neighbor>> neighbors;  // in order of id
    RecordPace pace;
    FrameWriter writer;
    std::vector<std::uint8_t> scratch;
    Instant deadline = Instant::never();
    bool has_work = false;  // since the last flush()
};

Records::Records(const MeshOptions& options, const Ports& ports, std::uint64_t seed)
    : impl_(std::make_unique<Impl>(options, ports, seed)) {}

Records::~Records() = default;

Status Records::tell(RecordKind kind, std::uint16_t part, Bytes body, Instant now) {
    TRY(impl_->own.tell(kind, part, body, now));
    impl_->tell_due(now);
    return {};
}

Status Records::restore(const Record& record, Instant now) {
    const StoredRecord* known = impl_->store.find(record.key);
    const bool is_known = known != nullptr && known->version >= record.version;
    if (record.key.origin == impl_->self || is_known) {
        return {};
    }
    if (std::chrono::milliseconds(record.left_ms) < kRecordLeftMin) {
        return fail(ErrorKind::Closed, "record that has expired");
    }
    if (impl_->refusal(record) || !impl_->is_genuine(record)) {
        return fail(ErrorKind::Denied, "record that a neighbour would be refused for");
    }
    impl_->install(record, NodeId(), now);
    return {};
}

void Records::forget_origin(NodeId origin, Instant now) {
    CHECK(origin != impl_->self);
    impl_->forget_origin(origin, now);
}

void Records::Impl::forget_origin(NodeId origin, Instant now) {
    std::vector<RecordKey> keys;
    for (std::size_t kind = 1; kind <= kRecordKindCount; ++kind) {
        for (const StoredRecord* record : store.all(static_cast<RecordKind>(kind))) {
            if (record->key.origin == origin) {
                keys.push_back(record->key);
            }
        }
    }
    for (const RecordKey& key : keys) {
        remove(key);
        ports.listener.on_record(key, nullptr, now);
    }
    has_work = true;
}

void Records::on_neighbor_up(NodeId neighbor, NodeRole role, Instant) {
    const auto begins = impl_->self < neighbor ? BeginsSync::First : BeginsSync::Second;
    on_neighbor_down(neighbor);
    const auto place = std::ranges::lower_bound(impl_->neighbors, neighbor, {},
                                                [](const auto& other) { return other->node; });
    impl_->neighbors.insert(
        place, std::make_unique<Impl::Neighbor>(Impl::Neighbor{.node = neighbor,
                                                               .role = role,
                                                               .sync = RecordSync(begins),
                                                               .outbox = impl_->outboxes.open(),
                                                               .acks = {}}));
}

void Records::on_neighbor_down(NodeId neighbor) {
    const auto found = std::ranges::find(impl_->neighbors, neighbor,
                                         [](const auto& other) { return other->node; });
    if (found != impl_->neighbors.end()) {
        impl_->outboxes.close((*found)->outbox);
        impl_->neighbors.erase(found);
    }
    impl_->has_work = true;
}

void Records::on_record(NodeId neighbor, const Record& record, Instant now) {
    Impl::Neighbor* from = impl_->find_neighbor(neighbor);
    if (from == nullptr) {
        return;
    }
    from->sync.on_answer();
    impl_->take(*from, record, now);
    impl_->has_work = true;
    if (from->acks.size() >= kRecordAcksWaitingMax || from->requests.size() == kListEntriesMax) {
        impl_->send_answers(*from, now);
    }
}

void Records::on_ack(NodeId neighbor, const RecordAck& ack, Instant now) {
    Impl::Neighbor* from = impl_->find_neighbor(neighbor);
    if (from == nullptr) {
        return;
    }
    for (const RecordVersion& record : ack.records) {
        const RecordSlot slot = impl_->store.slot_of(record.key);
        if (slot != kNoSlot && impl_->store.at(slot).version <= record.version) {
            impl_->outboxes.on_known(from->outbox, slot, now);
        }
    }
    impl_->has_work = true;
}

void Records::on_request(NodeId neighbor, const RecordRequest& request) {
    Impl::Neighbor* from = impl_->find_neighbor(neighbor);
    if (from == nullptr) {
        return;
    }
    for (const RecordVersion& wanted : request.records) {
        impl_->offer(*from, wanted.key);
    }
}

void Records::on_digest(NodeId neighbor, const Digest& digest, Instant now) {
    Impl::Neighbor* from = impl_->find_neighbor(neighbor);
    if (from == nullptr) {
        return;
    }
    const BucketDifference difference =
        compare_buckets(impl_->store.buckets(digest.kind), digest.buckets);
    if ((difference.to_send | difference.to_list) == 0) {
        return;
    }
    const std::vector<const StoredRecord*> records = impl_->store.all(digest.kind);
    for (const StoredRecord* record : in_buckets(records, difference.to_send)) {
        impl_->offer(*from, record->key);
    }
    const auto listed = in_buckets(records, difference.to_list);
    for (DigestList& list : make_lists(digest.kind, difference.to_list, listed)) {
        impl_->send_frame(*from, std::move(list), now);
    }
}

void Records::on_digest_list(NodeId neighbor, const DigestList& list, Instant now) {
    Impl::Neighbor* from = impl_->find_neighbor(neighbor);
    if (from == nullptr) {
        return;
    }
    from->sync.on_answer();
    ListDifference difference = compare_list(list, impl_->store.all(list.kind));
    for (const StoredRecord* record : difference.to_send) {
        impl_->offer(*from, record->key);
    }
    RecordVersions& requested = difference.to_request;
    if (from->role == NodeRole::Leaf) {  // what others told is not its to hand on
        // style: clang 14 does not compile what std::ranges::remove_if() returns.
        const auto is_of_another = [from](const RecordVersion& record) {
            return record.key.origin != from->node;
        };
        requested.erase(std::remove_if(requested.begin(), requested.end(), is_of_another),
                        requested.end());
    }
    if (!requested.empty()) {
        impl_->send_frame(*from, RecordRequest{.records = std::move(requested)}, now);
    }
}

void Records::on_neighbor_digests(NodeId neighbor, const Digests& digests, Instant now) {
    Impl::Neighbor* from = impl_->find_neighbor(neighbor);
    if (from == nullptr) {
        return;
    }
    const bool is_same = digests == impl_->store.digests();
    const bool is_on_its_way = !impl_->outboxes.is_empty(from->outbox);
    if (!is_same && is_on_its_way && !from->sync.is_first_hello()) {
        return;
    }
    for (const RecordKind kind : from->sync.on_digests(impl_->store.digests(), digests, now)) {
        impl_->send_frame(*from, Digest{.kind = kind, .buckets = impl_->store.buckets(kind)}, now);
    }
}

void Records::on_timer(Instant now) {
    if (now < impl_->deadline) {
        return;
    }
    impl_->forget_expired(now);
    impl_->tell_due(now);
    for (const auto& neighbor : impl_->neighbors) {
        for (const auto& overdue : impl_->outboxes.take_overdue(neighbor->outbox, now)) {
            impl_->send(*neighbor, overdue, now);
        }
    }
    impl_->has_work = true;
}

void Records::flush(Instant now) {
    if (!impl_->has_work) {
        return;
    }
    const bool may_send = impl_->pace.may_send(now);
    for (const auto& neighbor : impl_->neighbors) {
        const bool sends = may_send && impl_->outboxes.has_waiting(neighbor->outbox);
        // Acknowledgements leave with what leaves anyway.
        if (now >= neighbor->acks_due_at || !neighbor->requests.empty() ||
            (sends && !neighbor->acks.empty())) {
            impl_->send_answers(*neighbor, now);
        }
        if (sends) {
            impl_->send_waiting(*neighbor, now);
        }
    }
    impl_->has_work = false;
    impl_->plan();
}

Instant Records::deadline() const {
    return impl_->deadline;
}

const Digests& Records::digests() const {
    return impl_->store.digests();
}

const StoredRecord* Records::find(const RecordKey& key) const {
    const StoredRecord* record = impl_->store.find(key);
    return record == nullptr || record->body_bytes == 0 ? nullptr : record;
}

bool Records::has(const RecordVersion& record) const {
    const StoredRecord* stored = impl_->store.find(record.key);
    return stored != nullptr && stored->version >= record.version;
}

std::vector<const StoredRecord*> Records::all(RecordKind kind) const {
    std::vector<const StoredRecord*> records = impl_->store.all(kind);
    std::erase_if(records, [](const StoredRecord* record) { return record->body_bytes == 0; });
    return records;
}

Version Records::own_version(RecordKind kind, std::uint16_t part) const {
    return impl_->own.version(kind, part);
}

std::size_t Records::record_bytes() const {
    return impl_->store.record_bytes();
}

// A record is acknowledged when it is here, and when it is refused for good: what is sent again
// and again would only be refused again. One whose origin is not known yet is not: its Identity was
// lost or overtaken, and it comes again behind it.
void Records::Impl::take(Neighbor& from, const Record& record, Instant now) {
    const NodeId origin = record.key.origin;
    if (from.role == NodeRole::Leaf && origin != from.node) {
        refuse(from, record, DropReason::NotAuthorized, now);
        return;
    }
    const RecordSlot slot = store.slot_of(record.key);
    const bool is_other_identity = record.key.kind == RecordKind::Identity && slot != kNoSlot &&
                                   !is_same(store.at(slot), record) && origin != self;
    if (is_other_identity && ports.trust.is_rival(origin, record.body)) {
        on_rival(from, record, now);
        return;
    }
    if (slot != kNoSlot && store.at(slot).version >= record.version) {
        on_known(from, record, slot, now);
        return;
    }
    if (const std::optional<DropReason> reason = refusal(record)) {
        refuse(from, record, *reason, now);
        return;
    }
    if (record.key.kind != RecordKind::Identity && origin != self) {
        const StoredRecord* identity = store.find(identity_of(origin));
        if (identity == nullptr || identity->body_bytes == 0) {
            from.requests.push_back({.key = identity_of(origin), .version = {}});
            return;
        }
    }
    if (std::chrono::milliseconds(record.left_ms) < kRecordLeftMin) {
        acknowledge(from, record, now);
        return;
    }
    if (!is_genuine(record)) {
        refuse(from, record, DropReason::Forged, now);
        return;
    }
    acknowledge(from, record, now);
    const RecordVersion heard{.key = record.key, .version = record.version};
    if (origin == self && own.supersede(heard, record.body.empty(), now)) {
        tell_due(now);
        return;
    }
    install(record, from.node, now);
}

/// Two keys have the same id. Versions say nothing here: which key counts is the same everywhere,
/// and who has met the other one is told.
void Records::Impl::on_rival(Neighbor& from, const Record& record, Instant now) {
    const NodeId origin = record.key.origin;
    if (refusal(record) || !ports.trust.admit(origin, record.body)) {
        refuse(from, record, DropReason::Forged, now);
        offer(from, record.key);
        return;
    }
    forget_origin(origin, now);
    ports.listener.on_key_replaced(origin);
    if (!is_genuine(record)) {
        refuse(from, record, DropReason::Forged, now);
        return;
    }
    acknowledge(from, record, now);
    install(record, from.node, now);
}

void Records::Impl::on_known(Neighbor& from, const Record& record, RecordSlot slot, Instant now) {
    const StoredRecord& known = store.at(slot);
    if (known.version > record.version) {
        acknowledge(from, record, now);
        offer(from, known.key);
        return;
    }
    if (!is_same(known, record)) {  // an origin tells a version once, in one life
        if (known.key.origin != self || !is_genuine(record)) {
            refuse(from, record, DropReason::Forged, now);
            return;
        }
        acknowledge(from, record, now);
        own.supersede({.key = record.key, .version = record.version}, record.body.empty(), now);
        tell_due(now);
        return;
    }
    acknowledge(from, record, now);
    outboxes.on_known(from.outbox, slot, now);
}

std::optional<DropReason> Records::Impl::refusal(const Record& record) const {
    const RecordKey& key = record.key;
    if (record.lifetime_s == 0 || std::chrono::seconds(record.lifetime_s) > kRecordLifetime ||
        record.left_ms / 1000 > record.lifetime_s || (key.part != 0 && !has_parts(key.kind))) {
        return DropReason::Malformed;
    }
    if (!store.has_room(key, told_bytes(record))) {
        return DropReason::RecordTooLarge;
    }
    return std::nullopt;
}

bool Records::Impl::is_genuine(const Record& record) {
    const NodeId origin = record.key.origin;
    if (record.key.kind == RecordKind::Identity && origin != self && !record.body.empty() &&
        !ports.trust.admit(origin, record.body)) {
        return false;
    }
    scratch.resize(signed_bytes(record));
    encode_signed(record, scratch);
    return ports.trust.verify(origin, scratch, record.signature);
}

void Records::Impl::refuse(Neighbor& from, const Record& record, DropReason reason, Instant now) {
    acknowledge(from, record, now);
    ports.listener.on_refused(from.node, reason);
}

void Records::Impl::acknowledge(Neighbor& from, const Record& record, Instant now) {
    if (from.acks.empty()) {
        from.acks_due_at = std::max(now, from.acks_sent_at + kRecordAckDelay);
    }
    from.acks.push_back({.key = record.key, .version = record.version});
}

void Records::Impl::tell_due(Instant now) {
    has_work = true;
    for (const OwnRecords::Telling& telling : own.take_due(now)) {
        std::array<std::uint8_t, kSignatureBytes> signature{};
        const Record record{
            .left_ms = narrow<std::uint32_t>(to_ms(kRecordLifetime)),
            .key = {.origin = self, .kind = telling.kind, .part = telling.part},
            .version = telling.version,
            .lifetime_s = narrow<std::uint32_t>(
                std::chrono::duration_cast<std::chrono::seconds>(kRecordLifetime).count()),
            .body = telling.body,
            .signature = signature};
        scratch.resize(signed_bytes(record));
        encode_signed(record, scratch);
        ports.trust.sign(scratch, signature);
        install(record, kNobody, now);
    }
}

void Records::Impl::install(const Record& record, NodeId from, Instant now) {
    const Bytes told = writer.write(record).last(told_bytes(record));
    if (const RecordSlot former = store.slot_of(record.key); former != kNoSlot) {
        outboxes.withdraw(former);
    }
    const RecordSlot slot = store.put(
        {.key = record.key,
         .version = record.version,
         .expires_at = now + std::chrono::milliseconds(record.left_ms),
         .told = ports.pool == nullptr ? SharedBytes::copy_of(told) : ports.pool->share(told),
         .body_bytes = narrow<std::uint16_t>(record.body.size())});
    if (role == NodeRole::Router || record.key.origin == self) {  // else nobody would take it
        const Neighbor* sender = find_neighbor(from);
        outboxes.add_to_all(slot, sender == nullptr ? RecordOutboxes::kNobody : sender->outbox);
        has_work = true;
    }
    ports.listener.on_record(record.key, &store.at(slot), now);
}

void Records::Impl::forget_expired(Instant now) {
    for (const RecordKey& key : store.find_expired(now)) {
        remove(key);
        if (key.origin == self) {
            own.forget(key.kind, key.part);
        }
        ports.listener.on_record(key, nullptr, now);
    }
}

/// Its place may be another's next: nobody waits for it any more. Requires: it is there.
void Records::Impl::remove(const RecordKey& key) {
    outboxes.withdraw(store.slot_of(key));
    store.erase(key);
}

void Records::Impl::offer(Neighbor& neighbor, const RecordKey& key) {
    const RecordSlot slot = store.slot_of(key);
    // What others told a leaf does not hand on: the neighbour would refuse it.
    if (slot == kNoSlot || (role == NodeRole::Leaf && key.origin != self)) {
        return;
    }
    outboxes.add(neighbor.outbox, slot);
    has_work = true;
}

void Records::Impl::send_waiting(Neighbor& neighbor, Instant now) {
    for (RecordSlot slot = outboxes.take_next(neighbor.outbox); slot != kNoSlot;
         slot = outboxes.take_next(neighbor.outbox)) {
        pace.on_sent();
        send(neighbor, {.slot = slot}, now);
    }
}

void Records::Impl::send(Neighbor& neighbor, RecordOutboxes::Overdue what, Instant now) {
    const StoredRecord& record = store.at(what.slot);
    if (record.expires_at <= now) {
        outboxes.on_known(neighbor.outbox, what.slot, now);
        return;
    }
    std::array<std::uint8_t, kRecordHeadBytesMax> room;
    const auto left_ms = narrow<std::uint32_t>(to_ms(record.expires_at - now));
    const std::size_t head_size = encode_record_head(record.told.bytes().size(), left_ms, room);
    outboxes.on_sent(neighbor.outbox, what, now);
    ports.listener.send_records(neighbor.node, Bytes(room).first(head_size), record.told, now);
}

void Records::Impl::send_answers(Neighbor& neighbor, Instant now) {
    if (!neighbor.acks.empty()) {
        send_frame(neighbor, RecordAck{.records = std::move(neighbor.acks)}, now);
        neighbor.acks.clear();
        neighbor.acks_due_at = Instant::never();
        neighbor.acks_sent_at = now;
    }
    if (!neighbor.requests.empty()) {
        send_frame(neighbor, RecordRequest{.records = std::move(neighbor.requests)}, now);
        neighbor.requests.clear();
    }
}

void Records::Impl::send_frame(const Neighbor& neighbor, const Frame& frame, Instant now) {
    ports.listener.send_records(neighbor.node, writer.write(frame), {}, now);
}

void Records::Impl::plan() {
    deadline = std::min(own.deadline(), store.next_expiry());
    for (const auto& neighbor : neighbors) {
        const bool waits =
            outboxes.has_waiting(neighbor->outbox) && outboxes.has_room(neighbor->outbox);
        deadline = std::min({deadline, outboxes.deadline(neighbor->outbox), neighbor->acks_due_at,
                             waits ? pace.next_at() : Instant::never()});
    }
}

Records::Impl::Neighbor* Records::Impl::find_neighbor(NodeId node) {
    const auto found =
        std::ranges::find(neighbors, node, [](const auto& neighbor) { return neighbor->node; });
    return found == neighbors.end() ? nullptr : found->get();
}

}  // namespace kith::mesh

#include "mesh/node.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/narrow.h"
#include "mesh/detail/node_impl.h"
#include "wire/mesh/bodies.h"
#include "wire/mesh/codec.h"

namespace kith::mesh {
namespace {

std::size_t message_bytes(const Data& data) {
    return data.topic.size() + data.properties.size() + data.payload.size();
}

}  // namespace

bool MeshNode::Impl::on_frame(LinkId link, const FrameSlice& slice, Instant now) {
    ++counters.frames_in;
    if (slice.type == FrameType::Hello) [[likely]] {
        if (const Result<Hello> hello = decode_hello(slice.body)) {
            neighbors.on_hello(link, *hello, now);
            return true;
        }
    }
    is_touched = true;
    const Result<Frame> frame = decode(slice);
    if (!frame) {
        // A type of a later version is skipped; it counts all the same, as its sender counts it.
        if (frame.error().kind == ErrorKind::Unsupported) {
            neighbors.on_countable(link, traffic_of(slice.priority), now);
            return true;
        }
        drop(DropReason::Malformed, nullptr);
        ports.links.close(link, GoodbyeReason::Misbehaving);
        neighbors.on_link_down(link, now);
        return false;
    }
    if (const auto* receipt = std::get_if<Receipt>(&*frame)) {
        neighbors.on_receipt(link, *receipt, now);
        return true;
    }
    if (const auto* goodbye = std::get_if<Goodbye>(&*frame)) {
        neighbors.on_goodbye(link, now);
        ports.events.on_goodbye(link, goodbye->reason);
        return false;
    }
    neighbors.on_countable(link, traffic_of(slice.priority), now);
    const NodeId from = neighbors.neighbor_of(link);
    if (from != NodeId() && neighbors.find(from) != nullptr) {
        on_known_frame(from, *frame, now);
    }
    return true;
}

void MeshNode::Impl::on_known_frame(NodeId from, const Frame& frame, Instant now) {
    if (const auto* data = std::get_if<Data>(&frame)) {
        on_data(from, *data, now);
    } else if (const auto* ack = std::get_if<CustodyAck>(&frame)) {
        for (const CustodyEntry& entry : ack->entries) {
            custody.on_custody(from, entry, now);
        }
    } else if (const auto* record = std::get_if<Record>(&frame)) {
        records.on_record(from, *record, now);
    } else if (const auto* record_ack = std::get_if<RecordAck>(&frame)) {
        records.on_ack(from, *record_ack, now);
    } else if (const auto* request = std::get_if<RecordRequest>(&frame)) {
        records.on_request(from, *request);
    } else if (const auto* digest = std::get_if<Digest>(&frame)) {
        records.on_digest(from, *digest, now);
    } else if (const auto* list = std::get_if<DigestList>(&frame)) {
        records.on_digest_list(from, *list, now);
    } else if (const auto* echo = std::get_if<Echo>(&frame)) {
        waves.on_echo(from, *echo, now);
    } else if (const auto* circuit = std::get_if<Circuit>(&frame)) {
        circuits.on_circuit(from, neighbors.find(from)->role, *circuit, now);
    } else {
        on_state_frame(from, frame, now);
    }
}

void MeshNode::Impl::on_data(NodeId from, Data data, Instant now) {
    turn_at = now;
    if (neighbors.find(from)->role == NodeRole::Leaf && data.id.origin != from) {
        drop(DropReason::NotAuthorized, &data);
        return;
    }
    const auto here = std::ranges::find(data.destinations, options.self, &Destination::node);
    if (here != data.destinations.end()) {
        arrivals.take(data, *here, from, now);
        data.destinations.erase(here);
    }
    if (data.destinations.empty()) {
        return;
    }
    const bool may_go_on = data.hops_left > 1 && options.role == NodeRole::Router;
    if (!may_go_on) {
        drop(data.hops_left <= 1 ? DropReason::HopLimit : DropReason::NoRoute, &data);
        if (data.qos > 0) {
            CustodyEntry entry{data.id, CustodyVerdict::Returned, {}};
            for (const Destination& destination : data.destinations) {
                entry.destinations.push_back(destination.node);
            }
            send_custody(from, std::move(entry));
        }
        return;
    }
    --data.hops_left;
    ++counters.data_forwarded;
    if (data.qos == 0) {
        forward(data, from, now);
    } else {
        custody.relay(data, from, now);
    }
}

/// Everything that a call has caused leaves once, together.
void MeshNode::Impl::end_turn(Instant now) {
    for (const NodeId rival : std::exchange(rivals, {})) {
        neighbors.expel(rival, now);
    }
    for (const auto& [id, destination] : std::exchange(groups_waiting, {})) {
        reassign_groups(id, destination, now);
    }
    answer_state_calls(now);
    custody.send_waiting(now);
    circuits.flush(now);
    for (auto& [neighbor, entries] : acks) {
        send_acks(neighbor, entries, now);
    }
    acks.clear();
    records.flush(now);
    state.flush(now);
    neighbors.set_digests(digests());
    others_deadline = find_others_deadline();
    is_touched = false;
}

Instant MeshNode::Impl::find_others_deadline() const {
    return std::min({records.deadline(), waves.deadline(), arrivals.deadline(), custody.deadline(),
                     routes.deadline(), state.deadline(), circuits.deadline()});
}

void MeshNode::Impl::send_acks(NodeId neighbor, std::span<CustodyEntry> entries, Instant now) {
    while (!entries.empty()) {
        const auto here = entries.first(fitting_count(entries));
        CustodyAck ack;
        ack.entries.assign(std::make_move_iterator(here.begin()),
                           std::make_move_iterator(here.end()));
        neighbors.send(neighbor, Priority::Control, writer.write(ack), {}, now);
        entries = entries.subspan(here.size());
    }
}

void MeshNode::Impl::on_neighbor_up(NodeId neighbor, Instant now) {
    is_touched = true;
    ports.events.on_neighbor(neighbor, NeighborChange::Up);
    records.on_neighbor_up(neighbor, neighbors.find(neighbor)->role, now);
    waves.on_neighbor_up(neighbor, now);
    state.on_neighbor_up(neighbor, neighbors.find(neighbor)->role);
    tell_link_state(now);
}

void MeshNode::Impl::on_neighbor_suspect(NodeId neighbor, Instant now) {
    is_touched = true;
    ports.events.on_neighbor(neighbor, NeighborChange::Suspect);
    custody.on_neighbor_suspect(neighbor, now);
}

void MeshNode::Impl::on_neighbor_cleared(NodeId neighbor, Instant) {
    is_touched = true;
    ports.events.on_neighbor(neighbor, NeighborChange::Cleared);
}

void MeshNode::Impl::on_neighbor_down(NodeId neighbor, Instant now) {
    is_touched = true;
    ports.events.on_neighbor(neighbor, NeighborChange::Down);
    records.on_neighbor_down(neighbor);
    waves.on_neighbor_down(neighbor, now);
    state.on_neighbor_down(neighbor);
    tell_link_state(now);
    routes.hurry(now);
    custody.on_neighbor_down(neighbor, now);
    circuits.on_neighbor_down(neighbor, now);
}

void MeshNode::Impl::on_record(const RecordKey& key, const StoredRecord* record, Instant now) {
    if (key.kind == RecordKind::LinkState) {
        routes.touch(now);
        if (record != nullptr) {
            arrivals.set_epoch(key.origin, record->version.epoch, now);
        } else {
            arrivals.forget_epoch(key.origin);
        }
    } else if (key.kind == RecordKind::Interest && key.origin != options.self) {
        if (!interest.set(key.origin, key.part, record == nullptr ? Bytes{} : record->body())) {
            drop(DropReason::Malformed, nullptr);
        }
        for (const InterestTable::Change& change : interest.take_changes()) {
            ports.delivery.on_wanted(change.tenant, change.filter, change.is_wanted);
        }
    } else if (key.kind == RecordKind::Revocation && record != nullptr && record->body_bytes > 0 &&
               key.origin != options.self) {
        if (const Status taken = ports.trust.take_revocations(record->body()); !taken) {
            drop(taken.error().kind == ErrorKind::Malformed ? DropReason::Malformed
                                                            : DropReason::Forged,
                 nullptr);
        }
    }
    waves.on_record(key, now);
    const bool is_kept = key.kind == RecordKind::Identity || key.kind == RecordKind::Interest;
    if (is_kept && key.origin != options.self) {
        ports.custody.keep_record(key, record == nullptr ? Bytes{} : record->told.bytes(),
                                  record == nullptr ? now : record->expires_at);
    }
}

void MeshNode::Impl::on_barrier(std::uint64_t token, bool is_complete) {
    const auto found = barriers.find(token);
    if (is_complete && found != barriers.end()) {
        for (const RecordVersion& confirmed : found->second) {
            const auto part = unconfirmed.find(confirmed.key.part);
            if (part != unconfirmed.end() && part->second <= confirmed.version) {
                unconfirmed.erase(part);
            }
        }
    }
    barriers.erase(token);
    ports.delivery.on_barrier(token, is_complete);
}

MeshNode::MeshNode(const MeshOptions& options, const Ports& ports, std::uint64_t seed, Instant now)
    : impl_(std::make_unique<Impl>(options, ports, seed)) {
    impl_->tell(RecordKind::Identity, 0, ports.trust.certificate(), now);
    impl_->tell_link_state(now);
    impl_->end_turn(now);
}
MeshNode::~MeshNode() = default;

void MeshNode::restore(CustodyTicket ticket, const Data& data, Instant now) {
    impl_->is_touched = true;
    impl_->custody.restore(ticket, data, now);
}

void MeshNode::restore_stream(const StreamPosition& stream, const StreamProgress& progress) {
    impl_->is_touched = true;
    impl_->arrivals.restore(stream, progress);
}

Status MeshNode::restore_record(Bytes told, std::uint32_t left_ms, Instant now) {
    std::vector<std::uint8_t> frame(kRecordHeadBytesMax + told.size());
    const std::size_t head = encode_record_head(told.size(), left_ms, frame);
    std::copy(told.begin(), told.end(), frame.begin() + static_cast<std::ptrdiff_t>(head));
    TRY_ASSIGN(const auto slice, next_frame(Bytes(frame).first(head + told.size())));
    if (!slice) {
        return fail(ErrorKind::Malformed, "record that is cut off");
    }
    TRY_ASSIGN(const Frame decoded, decode(*slice));
    const auto* record = std::get_if<Record>(&decoded);
    if (record == nullptr) {
        return fail(ErrorKind::Malformed, "not a record");
    }
    TRY(impl_->records.restore(*record, now));
    impl_->end_turn(now);
    return {};
}

void MeshNode::set_locators(const std::vector<std::string>& locators, Instant now) {
    std::vector<std::string> told;
    for (const std::string& locator : locators) {
        if (told.size() < kLocatorsMax && locator.size() <= kLocatorBytesMax) {
            told.push_back(locator);
        }
    }
    if (told != impl_->locators) {
        impl_->locators = std::move(told);
        impl_->tell_link_state(now);
        impl_->end_turn(now);
    }
}

void MeshNode::on_link_up(LinkId link, const LinkPeer& peer, Instant now) {
    impl_->neighbors.on_link_up(link, peer, now);
    impl_->end_turn(now);
}

void MeshNode::on_link_down(LinkId link, Instant now) {
    impl_->neighbors.on_link_down(link, now);
    impl_->end_turn(now);
}

Result<std::size_t> MeshNode::on_bytes(LinkId link, Bytes bytes, Instant now) {
    impl_->neighbors.on_heard(link, now);
    std::size_t used = 0;
    Status status;
    bool goes_on = true;
    while (goes_on && used < bytes.size()) {
        const Result<std::optional<FrameSlice>> frame = next_frame(bytes.subspan(used));
        if (!frame) {
            status = tl::unexpected(frame.error());
        }
        if (!frame || !*frame) {
            break;
        }
        used += (*frame)->frame_bytes;
        goes_on = impl_->on_frame(link, **frame, now);
    }
    impl_->counters.bytes_in += used;
    if (impl_->is_touched) {
        impl_->end_turn(now);
    }
    TRY(std::move(status));
    return goes_on ? used : bytes.size();  // what stands behind the end of a link is nothing
}

void MeshNode::on_timer(Instant now) {
    Impl& node = *impl_;
    node.neighbors.on_timer(now);
    if (!node.is_touched && now < node.others_deadline) {
        return;
    }
    node.records.on_timer(now);
    node.waves.on_timer(now);
    node.turn_at = now;
    node.arrivals.on_timer(now);
    node.custody.on_timer(now);
    node.state.on_timer(now);
    node.circuits.on_timer(now);
    if (node.routes.deadline() <= now) {
        node.compute_routes(now);
    }
    node.end_turn(now);
}

Instant MeshNode::deadline() const {
    return std::min(impl_->neighbors.deadline(),
                    impl_->is_touched ? impl_->find_others_deadline() : impl_->others_deadline);
}

void MeshNode::tell_identity(Instant now) {
    impl_->tell(RecordKind::Identity, 0, impl_->ports.trust.certificate(), now);
    impl_->end_turn(now);
}

Status MeshNode::tell_revocations(const std::vector<std::vector<std::uint8_t>>& bodies,
                                  Instant now) {
    Status status;
    for (std::size_t part = 0; part < std::max(bodies.size(), impl_->revocation_parts); ++part) {
        const Bytes body = part < bodies.size() ? Bytes(bodies[part]) : Bytes{};
        const Status told =
            impl_->records.tell(RecordKind::Revocation, narrow<std::uint16_t>(part), body, now);
        status = told ? status : told;
    }
    impl_->revocation_parts = bodies.size();
    impl_->end_turn(now);
    return status;
}

void MeshNode::forget(NodeId node, Instant now) {
    impl_->records.forget_origin(node, now);
    impl_->end_turn(now);
}

void MeshNode::on_stored(CustodyTicket ticket, Instant now) {
    impl_->custody.on_stored(ticket, now);
    impl_->end_turn(now);
}

void MeshNode::on_fetched(CustodyTicket ticket, const Data* content, Instant now) {
    impl_->custody.on_fetched(ticket, content, now);
    impl_->end_turn(now);
}

void MeshNode::on_delivered(std::uint64_t token, Instant now) {
    impl_->arrivals.on_delivered(token, now);
    impl_->end_turn(now);
}

void MeshNode::subscribe(const Interest& interest, Instant now) {
    if (const auto part = impl_->local_interest.add(interest)) {
        impl_->tell_interest(*part, now);
        impl_->end_turn(now);
    }
}

void MeshNode::unsubscribe(const Interest& interest, Instant now) {
    if (const auto part = impl_->local_interest.remove(interest)) {
        impl_->tell_interest(*part, now);
        impl_->end_turn(now);
    }
}

void MeshNode::barrier(std::uint64_t token, Instant now) {
    RecordVersions wanted;
    for (const auto& [part, version] : impl_->unconfirmed) {
        wanted.push_back({{impl_->options.self, RecordKind::Interest, part}, version});
    }
    impl_->barriers.emplace(token, wanted);
    impl_->waves.begin(token, wanted, now);
    impl_->end_turn(now);
}

bool MeshNode::publish(const Publication& publication, std::uint64_t token, Instant now) {
    Impl& node = *impl_;
    Data data = node.data_of(publication);
    data.destinations = node.destinations_of(publication);
    const bool is_too_large = message_bytes(data) > kMessageBytesMax;
    if (is_too_large && (data.retain || !data.destinations.empty())) {
        node.drop(DropReason::TooLarge, &data);
        data.destinations.clear();
    }
    const bool has_receivers = !data.destinations.empty();
    if (!is_too_large && data.retain && !is_inbox(data.topic) &&
        node.state.write_retained(data, now)) {
        node.add_routers(data.destinations);
    }
    node.send(data, {token, publication.level}, now);
    return has_receivers;
}

SendOutcome MeshNode::send_to(NodeId destination, const Publication& publication,
                              std::uint64_t token, Instant now) {
    Impl& node = *impl_;
    if (destination == node.options.self) {
        return SendOutcome::Here;
    }
    if (node.records.find({destination, RecordKind::Identity, 0}) == nullptr) {
        return SendOutcome::Unknown;
    }
    Data data = node.data_of(publication);
    data.kind = DataKind::Directed;
    data.destinations.push_back({.node = destination, .groups = {}});
    if (message_bytes(data) > kMessageBytesMax) {
        node.drop(DropReason::TooLarge, &data);
        return SendOutcome::TooLarge;
    }
    const bool has_way = node.way_to(destination, {}) != NodeId();
    node.send(data, {token, publication.level}, now);
    return has_way ? SendOutcome::Sent : SendOutcome::Unreachable;
}

Result<CircuitId> MeshNode::open_circuit(NodeId destination, Instant now) {
    Impl& node = *impl_;
    CHECK(node.ports.circuits != nullptr);
    if (destination == node.options.self) {
        return fail(ErrorKind::Invalid, "this is the node itself");
    }
    if (node.records.find({destination, RecordKind::Identity, 0}) == nullptr) {
        return fail(ErrorKind::NotFound, "nothing is known of such a node");
    }
    Result<CircuitId> opened = node.circuits.open(destination, now);
    node.end_turn(now);
    return opened;
}

std::size_t MeshNode::send_circuit(const CircuitId& id, Bytes bytes, Instant now) {
    const std::size_t taken = impl_->circuits.send(id, bytes);
    impl_->end_turn(now);
    return taken;
}

void MeshNode::take_circuit(const CircuitId& id, std::size_t bytes, Instant now) {
    impl_->circuits.take(id, bytes, now);
    impl_->end_turn(now);
}

void MeshNode::close_circuit(const CircuitId& id, CircuitEnd end, Instant now) {
    impl_->circuits.close(id, end, now);
    impl_->end_turn(now);
}

bool MeshNode::is_congested(Priority priority) const {
    return impl_->custody.is_congested(priority);
}

NodeId MeshNode::self() const {
    return impl_->options.self;
}
const std::string& MeshNode::name() const {
    return impl_->options.name;
}
std::vector<NeighborView> MeshNode::neighbors() const {
    std::vector<NeighborView> views = impl_->neighbors.views();
    for (NeighborView& view : views) {
        view.custody_count = impl_->custody.handed_count(view.node);
    }
    return views;
}
std::vector<RouteView> MeshNode::routes() const {
    return impl_->routes.views();
}
std::vector<NodeView> MeshNode::nodes() const {
    std::vector<NodeView> views;
    for (const StoredRecord* record : impl_->records.all(RecordKind::LinkState)) {
        if (const Result<LinkStateBody> body = decode_link_state(record->body())) {
            NodeView& view = views.emplace_back(NodeView{.node = record->key.origin,
                                                         .name = std::string(body->name),
                                                         .role = body->role,
                                                         .is_leaving = body->is_leaving,
                                                         .neighbors = {},
                                                         .locators = {}});
            view.locators.assign(body->locators.begin(), body->locators.end());
            for (const NeighborCost& neighbor : body->neighbors) {
                view.neighbors.push_back({neighbor.node, neighbor.cost});
            }
        }
    }
    return views;
}

Digests MeshNode::digests() const {
    return impl_->digests();
}

const MeshCounters& MeshNode::counters() const {
    impl_->counters.custody_held = impl_->custody.held_count();
    impl_->counters.custody_bytes = impl_->custody.held_bytes();
    impl_->counters.spool_count = impl_->custody.spooled().count;
    impl_->counters.spool_bytes = impl_->custody.spooled().bytes;
    impl_->counters.state = impl_->state.counters();
    impl_->counters.circuits = impl_->circuits.counters();
    return impl_->counters;
}

}  // namespace kith::mesh

#include "mesh/node.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <span>
#include <utility>

#include "base/hash.h"
#include "base/narrow.h"
#include "mesh/detail/arrivals.h"
#include "mesh/detail/custody.h"
#include "mesh/detail/frame_writer.h"
#include "mesh/detail/interest.h"
#include "mesh/detail/neighbors.h"
#include "mesh/detail/records.h"
#include "mesh/detail/route_table.h"
#include "mesh/detail/waves.h"
#include "wire/mesh/bodies.h"
#include "wire/mesh/codec.h"

namespace kith::mesh {

/// The parts know nothing of one another: what one of them says becomes a call of the next here.
struct MeshNode::Impl final : NeighborListener,
                              RecordListener,
                              WaveListener,
                              CustodyListener,
                              ArrivalListener {
    Impl(const MeshOptions& options_in, const Ports& ports_in, std::uint64_t seed)
        : options(options_in),
          ports(ports_in),
          neighbors(options, ports.links, *this, seed),
          records(options, {ports.trust, *this, ports.record_pool}, seed + 1),
          waves(options, *this),
          custody(options, ports.custody, *this),
          arrivals(options, *this),
          routes(options.self) {}

    const MeshOptions options;
    const Ports ports;
    MeshCounters counters;
    FrameWriter writer;
    Neighbors neighbors;
    Records records;
    Waves waves;
    LocalInterest local_interest;
    InterestTable interest;
    Custody custody;
    Arrivals arrivals;
    RouteTable routes;
    std::vector<std::string> locators;
    std::uint64_t last_sequence = 0;
    std::size_t revocation_parts = 0;                       // that this node tells
    std::map<NodeId, std::vector<CustodyEntry>> acks;       // of this turn
    std::vector<std::pair<DataId, NodeId>> groups_waiting;  // of this turn
    std::map<std::uint16_t, Version> unconfirmed;  // parts that not all nodes are known to have
    std::map<std::uint64_t, RecordVersions> barriers;
    /// Most of what comes are hellos that change nothing: they touch `neighbors` alone, and what
    /// the others wait for stays as it was.
    bool is_touched = true;  // since the last end_turn()
    Instant others_deadline = Instant::never();

    // What comes in.
    /// False if the link was ended for it.
    bool on_frame(LinkId link, const FrameSlice& slice, Instant now);
    void on_known_frame(NodeId from, const Frame& frame, Instant now);
    void on_data(NodeId from, Data data, Instant now);
    void end_turn(Instant now);
    [[nodiscard]] Instant find_others_deadline() const;
    void send_acks(NodeId neighbor, std::span<CustodyEntry> entries, Instant now);

    // What goes out.
    void tell(RecordKind kind, std::uint16_t part, Bytes body, Instant now);
    void tell_link_state(Instant now);
    void tell_interest(std::uint16_t part, Instant now);
    void compute_routes(Instant now);
    void forward(const Data& data, NodeId from, Instant now);
    void send_frame(NodeId neighbor, const Data& data, const SharedBytes& payload, Instant now);
    [[nodiscard]] Destinations destinations_of(const Publication& publication);
    [[nodiscard]] NodeId nearest(const std::vector<NodeId>& nodes) const;
    void reassign_groups(const DataId& id, NodeId from, Instant now);
    [[nodiscard]] NodeId other_member(const InterestTable::Match& match, std::uint64_t group,
                                      NodeId member) const;
    void drop(DropReason reason, const Data* data) {
        ++counters.drops[static_cast<std::size_t>(reason)];
        ports.events.on_drop(reason, data);
    }

    // NeighborListener
    void on_neighbor_up(NodeId neighbor, Instant now) override;
    void on_neighbor_suspect(NodeId neighbor, Instant now) override;
    void on_neighbor_cleared(NodeId neighbor, Instant now) override;
    void on_neighbor_down(NodeId neighbor, Instant now) override;
    void on_neighbor_cost(NodeId, Instant now) override {
        is_touched = true;
        tell_link_state(now);
    }
    void on_neighbor_settled(NodeId) override { is_touched = true; }
    void on_neighbor_digests(NodeId neighbor, const Digests& digests, Instant now) override {
        is_touched = true;
        records.on_neighbor_digests(neighbor, digests, now);
    }

    // RecordListener
    void on_record(const RecordKey& key, const StoredRecord* record, Instant now) override;
    void send_records(NodeId neighbor, Bytes head, const SharedBytes& body, Instant now) override {
        neighbors.send(neighbor, Priority::Control, head, body, now);
    }
    void on_refused(NodeId, DropReason reason) override { drop(reason, nullptr); }

    // WaveListener
    void send_echo(NodeId neighbor, const Echo& echo, Instant now) override {
        neighbors.send(neighbor, Priority::Control, writer.write(echo), {}, now);
    }
    [[nodiscard]] bool has_record(const RecordVersion& wanted) const override {
        return wanted.key.origin == options.self || records.has(wanted);
    }
    void on_barrier(std::uint64_t token, bool is_complete) override;

    // CustodyListener
    [[nodiscard]] NodeId way_to(NodeId destination, const NodeIds& avoid) const override;
    [[nodiscard]] bool is_suspect(NodeId neighbor) const override {
        const Neighbors::State* state = neighbors.find(neighbor);
        return state == nullptr || state->is_suspect;
    }
    [[nodiscard]] bool has_room(NodeId neighbor, Priority priority) const override {
        return neighbors.has_room(neighbor, priority);
    }
    void send_data(NodeId neighbor, const Data& data, const SharedBytes& payload,
                   Instant now) override;
    void send_custody(NodeId neighbor, CustodyEntry entry) override {
        acks[neighbor].push_back(std::move(entry));
    }
    void on_published(std::uint64_t token, PublishLevel level) override {
        ports.delivery.on_published(token, level);
    }
    void on_custody_drop(DropReason reason, const Data& data) override { drop(reason, &data); }
    void on_groups_waiting(const DataId& id, NodeId destination) override {
        groups_waiting.emplace_back(id, destination);
    }

    // ArrivalListener
    void deliver(const Data& data, const StreamProgress& progress, std::uint64_t token) override {
        ++counters.data_delivered;
        ports.delivery.deliver(data, progress, token);
    }
    void on_arrival_drop(DropReason reason, const Data& data) override { drop(reason, &data); }
};

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
    }
}

void MeshNode::Impl::on_data(NodeId from, Data data, Instant now) {
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
    for (const auto& [id, destination] : std::exchange(groups_waiting, {})) {
        reassign_groups(id, destination, now);
    }
    custody.send_waiting(now);
    for (auto& [neighbor, entries] : acks) {
        send_acks(neighbor, entries, now);
    }
    acks.clear();
    records.flush(now);
    neighbors.set_digests(records.digests());
    others_deadline = find_others_deadline();
    is_touched = false;
}

Instant MeshNode::Impl::find_others_deadline() const {
    return std::min({records.deadline(), waves.deadline(), arrivals.deadline(), custody.deadline(),
                     routes.deadline()});
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

/// What others would refuse is not told; they keep what was told before.
void MeshNode::Impl::tell(RecordKind kind, std::uint16_t part, Bytes body, Instant now) {
    if (!records.tell(kind, part, body, now)) {
        drop(DropReason::RecordTooLarge, nullptr);
    }
}

void MeshNode::Impl::tell_link_state(Instant now) {
    LinkStateBody body;
    body.role = options.role;
    body.name = options.name;
    body.locators.assign(locators.begin(), locators.end());
    for (const Neighbors::State& neighbor : neighbors.up()) {
        body.neighbors.push_back({neighbor.node, neighbor.cost});
    }
    tell(RecordKind::LinkState, 0, encode(body), now);
    routes.touch(now);
}

void MeshNode::Impl::tell_interest(std::uint16_t part, Instant now) {
    tell(RecordKind::Interest, part, local_interest.body(part), now);
    unconfirmed[part] = records.own_version(RecordKind::Interest, part);
}

void MeshNode::Impl::compute_routes(Instant now) {
    Graph graph;
    for (const StoredRecord* record : records.all(RecordKind::LinkState)) {
        if (Result<LinkStateBody> body = decode_link_state(record->body())) {
            // A node may forward less than it is allowed to, not more.
            const bool is_leaf = ports.trust.role_of(record->key.origin) == NodeRole::Leaf;
            body->role = is_leaf ? NodeRole::Leaf : body->role;
            graph.add(record->key.origin, *body);
        }
    }
    graph.finish();
    routes.compute(std::move(graph), now);
    ++counters.spf_runs;
    std::vector<NodeId> reachable;
    for (NodeIndex index = 0; index < routes.graph().size(); ++index) {
        const NodeId node = routes.graph().node(index);
        if (routes.is_reachable(node)) {
            reachable.push_back(node);
        }
    }
    arrivals.set_reachable(reachable, now);
    ports.events.on_routes(reachable.size());
    custody.on_routes(now);
}

/// QoS 0: one copy to each neighbour behind which somebody wants it, and then nothing is known.
void MeshNode::Impl::forward(const Data& data, NodeId from, Instant now) {
    boost::container::small_vector<std::pair<NodeId, Destination>, 8> ways;
    for (const Destination& destination : data.destinations) {
        const NodeId way = way_to(destination.node, {from});
        if (way == NodeId()) {
            drop(DropReason::NoRoute, &data);
        } else if (neighbors.is_full(way)) {
            drop(DropReason::Congestion, &data);
        } else {
            ways.emplace_back(way, destination);
        }
    }
    std::ranges::stable_sort(ways, {}, [](const auto& way) { return way.first; });
    Data copy = data;
    for (auto way = ways.begin(); way != ways.end();) {
        const NodeId neighbor = way->first;
        copy.destinations.clear();
        for (; way != ways.end() && way->first == neighbor; ++way) {
            copy.destinations.push_back(way->second);
        }
        send_data(neighbor, copy, {}, now);
    }
}

NodeId MeshNode::Impl::way_to(NodeId destination, const NodeIds& avoid) const {
    const RouteTable::Hops hops = routes.hops(destination);
    const std::array candidates{hops.next_hop, hops.alternative,
                                neighbors.find(destination) == nullptr ? NodeId() : destination};
    NodeId suspect;
    for (const NodeId candidate : candidates) {
        const Neighbors::State* state = candidate == NodeId() ? nullptr : neighbors.find(candidate);
        if (state == nullptr || std::ranges::find(avoid, candidate) != avoid.end()) {
            continue;
        }
        if (!state->is_suspect) {
            return candidate;
        }
        suspect = suspect == NodeId() ? candidate : suspect;
    }
    return suspect;
}

/// With more destinations than a frame takes, as several.
void MeshNode::Impl::send_data(NodeId neighbor, const Data& data, const SharedBytes& payload,
                               Instant now) {
    std::span<const Destination> left = data.destinations;
    if (fitting_count(left) == left.size()) {
        send_frame(neighbor, data, payload, now);
        return;
    }
    Data part = data;
    while (!left.empty()) {
        const auto here = left.first(fitting_count(left));
        part.destinations.assign(here.begin(), here.end());
        send_frame(neighbor, part, payload, now);
        left = left.subspan(here.size());
    }
}

void MeshNode::Impl::send_frame(NodeId neighbor, const Data& data, const SharedBytes& payload,
                                Instant now) {
    // A small payload is copied behind its head: cheaper than a second piece for the socket.
    const bool is_apart = data.payload.size() > kInlinePayloadBytesMax && !payload.empty();
    const Bytes head = writer.write_data(data, is_apart ? Bytes{} : data.payload);
    neighbors.send(neighbor, data.priority, head, is_apart ? payload : SharedBytes{}, now);
}

/// Of a share group the member that is nearest; among equals the smallest id.
NodeId MeshNode::Impl::nearest(const std::vector<NodeId>& nodes) const {
    NodeId best;
    std::uint32_t best_cost = kUnreachable;
    for (const NodeId node : nodes) {
        const std::uint32_t cost = routes.cost(node);
        if (best == NodeId() || cost < best_cost) {
            best = node;
            best_cost = cost;
        }
    }
    return best;
}

Destinations MeshNode::Impl::destinations_of(const Publication& publication) {
    const InterestTable::Match& match = interest.match(publication.tenant, publication.topic);
    Destinations destinations;
    for (const NodeId node : match.nodes) {
        destinations.push_back({.node = node, .groups = {}});
    }
    for (const InterestTable::Match::Group& group : match.groups) {
        if (local_interest.has_group(group.id)) {
            continue;  // a member here is nearer than all others
        }
        const NodeId node = nearest(group.nodes);
        auto at = std::ranges::lower_bound(destinations, node, {}, &Destination::node);
        if (at == destinations.end() || at->node != node) {
            at = destinations.insert(at, {.node = node, .for_all = false, .groups = {}});
        }
        if (at->groups.size() == kDestinationGroupsMax) {
            drop(DropReason::TooLarge, nullptr);
            continue;
        }
        at->groups.push_back(group.id);
    }
    std::ranges::sort(destinations, {}, &Destination::node);
    return destinations;
}

/// A member of the group that can be reached, rather one that has no other part in the message.
NodeId MeshNode::Impl::other_member(const InterestTable::Match& match, std::uint64_t group,
                                    NodeId member) const {
    const auto found = std::ranges::find(match.groups, group, &InterestTable::Match::Group::id);
    if (found == match.groups.end()) {
        return {};
    }
    std::vector<NodeId> apart;
    std::vector<NodeId> others;
    for (const NodeId node : found->nodes) {
        if (node != member && routes.is_reachable(node)) {
            others.push_back(node);
            if (!std::ranges::binary_search(match.nodes, node)) {
                apart.push_back(node);
            }
        }
    }
    return nearest(apart.empty() ? others : apart);
}

/// Whom the message waits for may have died with it or without it: another member of its share
/// groups gets a message of its own. Once for each message; that one may go on to a third member.
void MeshNode::Impl::reassign_groups(const DataId& id, NodeId from, Instant now) {
    std::optional<Data> data = custody.find(id, now);
    if (!data || data->kind == DataKind::Void) {
        return;
    }
    const InterestTable::Match& match = interest.match(data->tenant, data->topic);
    Destinations destinations;
    Custody::Groups taken;
    for (const std::uint64_t group : custody.groups_of(id, from)) {
        const NodeId node = other_member(match, group, from);
        if (node == NodeId()) {
            continue;
        }
        taken.push_back(group);
        auto at = std::ranges::lower_bound(destinations, node, {}, &Destination::node);
        if (at == destinations.end() || at->node != node) {
            at = destinations.insert(at, {.node = node, .for_all = false, .groups = {}});
        }
        at->groups.push_back(group);
    }
    if (destinations.empty()) {
        return;
    }
    data->id.sequence = ++last_sequence;
    data->destinations = std::move(destinations);
    custody.publish(*data, {}, now);
    custody.release_groups(id, from, taken);
}

void MeshNode::Impl::on_neighbor_up(NodeId neighbor, Instant now) {
    is_touched = true;
    ports.events.on_neighbor(neighbor, NeighborChange::Up);
    records.on_neighbor_up(neighbor, neighbors.find(neighbor)->role, now);
    waves.on_neighbor_up(neighbor, now);
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
    tell_link_state(now);
    custody.on_neighbor_down(neighbor, now);
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
    node.arrivals.on_timer(now);
    node.custody.on_timer(now);
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
    Data data;
    data.id = {node.options.self, node.options.epoch, ++node.last_sequence};
    data.priority = publication.priority;
    data.hops_left = kHopsMax;
    data.qos = static_cast<std::uint8_t>(publication.qos);
    data.retain = publication.retain;
    data.flow = publication.flow;
    data.published_at_ms = publication.published_at.ms();
    data.expires_after_ms = publication.expires_after_ms;
    data.tenant = publication.tenant;
    data.topic = publication.topic;
    data.properties = publication.properties;
    data.payload = publication.payload;
    data.destinations = node.destinations_of(publication);
    const std::size_t bytes = data.topic.size() + data.properties.size() + data.payload.size();
    if (bytes > kMessageBytesMax && !data.destinations.empty()) {
        node.drop(DropReason::TooLarge, &data);
        data.destinations.clear();
    }
    const bool has_destinations = !data.destinations.empty();
    if (data.qos == 0 || data.destinations.empty()) {
        node.forward(data, NodeId(), now);
        node.on_published(token, publication.level);
    } else {
        node.custody.publish(data, {token, publication.level}, now);
    }
    node.end_turn(now);
    return has_destinations;
}

bool MeshNode::is_congested(Priority priority) const {
    return impl_->custody.is_congested(priority);
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
    return impl_->records.digests();
}

const MeshCounters& MeshNode::counters() const {
    impl_->counters.custody_held = impl_->custody.held_count();
    impl_->counters.custody_bytes = impl_->custody.held_bytes();
    return impl_->counters;
}

}  // namespace kith::mesh

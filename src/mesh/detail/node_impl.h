// What a MeshNode is made of, and who hears what from whom.
//
// Split over node.cpp (what comes in, and the calls of the host), node_outward.cpp (what this node
// tells, and which way messages go) and node_state.cpp (what all have in common). Threads:
// shard-local.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "mesh/detail/arrivals.h"
#include "mesh/detail/circuits.h"
#include "mesh/detail/common_state.h"
#include "mesh/detail/custody.h"
#include "mesh/detail/frame_writer.h"
#include "mesh/detail/interest.h"
#include "mesh/detail/neighbors.h"
#include "mesh/detail/records.h"
#include "mesh/detail/route_table.h"
#include "mesh/detail/waves.h"
#include "mesh/node.h"

namespace kith::mesh {

/// The parts know nothing of one another: what one of them says becomes a call of the next here.
struct MeshNode::Impl final : NeighborListener,
                              RecordListener,
                              WaveListener,
                              CustodyListener,
                              ArrivalListener,
                              StateListener,
                              CircuitListener {
    Impl(const MeshOptions& options_in, const Ports& ports_in, std::uint64_t seed)
        : options(options_in),
          ports(ports_in),
          neighbors(options, ports.links, *this, seed),
          records(options, {ports.trust, *this, ports.record_pool}, seed + 1),
          waves(options, *this),
          custody(options, ports.custody, *this),
          arrivals(options, *this),
          state(options, ports.state, *this),
          circuits(options, ports.circuits, *this),
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
    CommonState state;
    Circuits circuits;
    RouteTable routes;
    std::vector<std::string> locators;
    std::uint64_t last_sequence = 0;
    std::size_t revocation_parts = 0;                       // that this node tells
    std::map<NodeId, std::vector<CustodyEntry>> acks;       // of this turn
    std::vector<std::pair<DataId, NodeId>> groups_waiting;  // of this turn
    NodeIds rivals;                                         // of this turn: whose key was replaced
    std::map<std::uint16_t, Version> unconfirmed;  // parts that not all nodes are known to have
    std::map<std::uint64_t, RecordVersions> barriers;
    Instant turn_at;  // while messages arrive
    /// Messages that nodes send one another about their common state, of this turn.
    struct StateCall {
        NodeId from;
        bool is_answer = false;
        std::uint64_t token = 0;
    };
    std::vector<StateCall> state_calls;
    /// Most of what comes are hellos that change nothing: they touch `neighbors` alone, and what
    /// the others wait for stays as it was.
    bool is_touched = true;  // since the last end_turn()
    Instant others_deadline = Instant::never();

    // What comes in.
    /// False if the link was ended for it.
    bool on_frame(LinkId link, const FrameSlice& slice, Instant now);
    void on_known_frame(NodeId from, const Frame& frame, Instant now);
    void on_data(NodeId from, Data data, Instant now);
    void on_state_frame(NodeId from, const Frame& frame, Instant now);
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
    /// Without destinations, and with an id of its own. Borrows from it.
    [[nodiscard]] Data data_of(const Publication& publication);
    [[nodiscard]] Destinations destinations_of(const Publication& publication);
    void send(const Data& data, const Custody::Promise& promise, Instant now);
    /// Of a topic below `$to/node/<name>/`: one node at most.
    [[nodiscard]] Destinations inbox_of(std::string_view name,
                                        const InterestTable::Match& match) const;
    [[nodiscard]] bool is_named(NodeId node, std::string_view name) const;
    void add_routers(Destinations& destinations) const;
    [[nodiscard]] Digests digests() const {
        Digests all = records.digests();
        all.of_state = state.digest();
        return all;
    }
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
        if (digests.of_kind == records.digests().of_kind) {
            ports.events.on_agreed(neighbor);
        }
        records.on_neighbor_digests(neighbor, digests, now);
        state.on_neighbor_digest(neighbor, digests.of_state, now);
    }

    // RecordListener
    void on_record(const RecordKey& key, const StoredRecord* record, Instant now) override;
    void send_records(NodeId neighbor, Bytes head, const SharedBytes& body, Instant now) override {
        neighbors.send(neighbor, Priority::Control, head, body, now);
    }
    void on_refused(NodeId, DropReason reason) override { drop(reason, nullptr); }
    void on_key_replaced(NodeId origin) override { rivals.push_back(origin); }

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
        const Neighbors::State* known = neighbors.find(neighbor);
        return known == nullptr || known->is_suspect;
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
    [[nodiscard]] bool is_expected(NodeId node) const override {
        return records.find({node, RecordKind::Identity, 0}) != nullptr;
    }

    // ArrivalListener
    void deliver(const Data& data, const StreamProgress& progress, std::uint64_t token) override;
    void on_arrival_drop(DropReason reason, const Data& data) override { drop(reason, &data); }

    // CircuitListener; way_to() is the custody listener's, too.
    void send_circuit(NodeId neighbor, const Circuit& frame, Instant now) override {
        neighbors.send(neighbor, priority_of(frame.kind), writer.write(frame), {}, now);
    }
    [[nodiscard]] bool has_circuit_room(NodeId neighbor) const override {
        return neighbors.under_way_bytes(neighbor, priority_of(CircuitKind::Bytes)) <
               kCircuitLinkBytes;
    }

    // StateListener; has_room() is the custody listener's, too.
    void send_state(NodeId neighbor, const Frame& frame, Instant now) override;
    [[nodiscard]] bool ask(NodeId writer, Instant now) override;
    void call(NodeId node, std::string_view topic, Instant now);
    void answer_state_calls(Instant now);
};

}  // namespace kith::mesh

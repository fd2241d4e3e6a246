// Custody alone, between a node around it and a disk that are as a test says.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mesh/detail/custody.h"

namespace kith::mesh::testing {

inline constexpr NodeId kSelf{1};
inline constexpr NodeId kLeft{2};  // neighbours
inline constexpr NodeId kRight{3};
inline constexpr NodeId kThird{4};
inline constexpr NodeId kFar{9};  // behind them
inline constexpr NodeId kFurther{10};

struct Sent {
    NodeId neighbor;
    DataId id;
    DataKind kind;
    std::string payload;
    std::vector<NodeId> destinations;
    std::uint64_t place = 0;
    std::uint64_t first = 0;
};

/// The node around it: ways as the test says, everything that leaves written down.
class Around final : public CustodyListener, public CustodyPort {
  public:
    std::map<NodeId, std::vector<NodeId>> ways;  // best first
    std::set<NodeId> suspects;
    std::map<std::pair<NodeId, Priority>, int> room;  // messages; any number if it is not there
    std::vector<Sent> sent;
    std::vector<std::pair<NodeId, CustodyEntry>> answers;
    std::vector<std::uint64_t> published;
    std::vector<DropReason> drops;
    std::map<CustodyTicket, std::size_t> stored;  // destinations left

    NodeId way_to(NodeId destination, const NodeIds& avoid) const override {
        NodeId suspect;
        const auto found = ways.find(destination);
        for (const NodeId way : found == ways.end() ? std::vector<NodeId>{} : found->second) {
            if (std::ranges::find(avoid, way) != avoid.end()) {
                continue;
            }
            if (!suspects.contains(way)) {
                return way;
            }
            suspect = suspect == NodeId() ? way : suspect;
        }
        return suspect;
    }
    bool is_suspect(NodeId neighbor) const override { return suspects.contains(neighbor); }
    bool has_room(NodeId neighbor, Priority priority) const override {
        const auto found = room.find({neighbor, priority});
        return found == room.end() || found->second > 0;
    }
    void send_data(NodeId neighbor, const Data& data, const SharedBytes&, Instant) override {
        Sent frame{neighbor, data.id, data.kind, std::string(as_text(data.payload)), {}};
        for (const Destination& destination : data.destinations) {
            frame.destinations.push_back(destination.node);
            frame.place = destination.stream_sequence;
            frame.first = destination.stream_first;
        }
        sent.push_back(std::move(frame));
        if (const auto found = room.find({neighbor, data.priority}); found != room.end()) {
            --found->second;
        }
    }
    void send_custody(NodeId neighbor, CustodyEntry entry) override {
        answers.emplace_back(neighbor, std::move(entry));
    }
    void on_published(std::uint64_t token, PublishLevel) override { published.push_back(token); }
    void on_custody_drop(DropReason reason, const Data&) override { drops.push_back(reason); }
    void on_groups_waiting(const DataId& id, NodeId destination) override {
        waiting.emplace_back(id, destination);
    }
    bool is_expected(NodeId node) const override { return !forgotten.contains(node); }
    std::set<NodeId> forgotten;
    std::vector<std::pair<DataId, NodeId>> waiting;  // for a member of a group
    void store(CustodyTicket ticket, const Data& data) override {
        stored[ticket] = data.destinations.size();
    }
    bool can_fetch() const override { return has_disk; }
    void fetch(CustodyTicket ticket) override { fetched.push_back(ticket); }
    bool has_disk = false;
    std::vector<CustodyTicket> fetched;
    void settle(CustodyTicket ticket, const Destinations& left) override {
        stored[ticket] = left.size();
        if (left.empty()) {
            stored.erase(ticket);
        }
    }
};

class CustodyTest : public ::testing::Test {
  protected:
    Instant now = Instant::from_ns(0) + 1h;
    MeshOptions options{.self = kSelf, .name = {}};
    Around around;
    Custody custody{options, around, around};

    static Data message(std::uint64_t sequence, std::initializer_list<NodeId> destinations) {
        Data data;
        data.id = {kSelf, 1, sequence};
        data.qos = 1;
        data.topic = "plant/pump";
        data.payload = as_bytes("on");
        for (const NodeId node : destinations) {
            data.destinations.push_back({.node = node, .groups = {}});
        }
        return data;
    }
    static Data foreign(std::uint64_t sequence, std::initializer_list<NodeId> destinations) {
        Data data = message(sequence, destinations);
        data.id.origin = NodeId(77);
        return data;
    }
    void acknowledge(NodeId neighbor, const DataId& id, CustodyVerdict verdict) {
        custody.on_custody(neighbor, {id, verdict, {}}, now);
    }
    void restore_one_of_the_life_before() {
        Data old = message(30, {kFar});
        old.destinations[0].stream_sequence = 12;
        options.epoch = 2;
        custody.restore(CustodyTicket(8), old, now);
        custody.on_timer(now);
    }
    DataId own(std::uint64_t sequence) const { return {kSelf, options.epoch, sequence}; }
};

}  // namespace kith::mesh::testing

// Several nodes that have nothing but records, on links that lose, repeat and reorder, with hellos
// that bring nothing but digests. One seed, one history.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "mesh/detail/records.h"
#include "mesh/testing/fake_trust.h"
#include "mesh/testing/virtual_time.h"
#include "wire/mesh/codec.h"

namespace kith::mesh::testing {

/// What the links do to frames.
struct Weather {
    double loss = 0;
    double repeats = 0;
    Duration delay_min = 1ms;
    Duration delay_max = 1ms;  // more than delay_min: frames overtake one another
    Duration hello_interval = 500ms;
};

class RecordNetwork {
  public:
    class Node final : public RecordListener {
      public:
        Node(RecordNetwork& network, NodeId node, NodeRole role)
            : id(node), network_(network), trust_(node) {
            options_.self = node;
            options_.role = role;
            begin_life();
        }

        /// What the node tells now is remembered, for the oracle.
        void tell(RecordKind kind, std::uint16_t part, const std::string& body) {
            EXPECT_TRUE(records->tell(kind, part, as_bytes(body), network_.time.now()));
            if (body.empty()) {
                told.erase({.origin = id, .kind = kind, .part = part});
            } else {
                told[{.origin = id, .kind = kind, .part = part}] = body;
            }
            end_turn();
        }
        /// It forgets everything, and begins again.
        void begin_life() {
            ++life_;
            options_.epoch = life_;
            told.clear();
            planned_at_ = Instant::never();
            records = std::make_unique<Records>(
                options_, Records::Ports{.trust = trust_, .listener = *this, .pool = nullptr},
                id.value() + life_);
            tell(RecordKind::Identity, 0, certificate_of(id));
            tell(RecordKind::LinkState, 0, "links of " + std::to_string(id.value()));
        }
        void end_turn() {
            records->flush(network_.time.now());
            const Instant deadline = records->deadline();
            if (deadline == Instant::never() || deadline >= planned_at_) {
                return;
            }
            planned_at_ = deadline;
            network_.time.at(deadline, [this, deadline, life = life_] {
                if (planned_at_ == deadline && life == life_) {
                    planned_at_ = Instant::never();
                    records->on_timer(network_.time.now());
                    end_turn();
                }
            });
        }
        [[nodiscard]] NodeRole role() const { return options_.role; }

        void on_record(const RecordKey&, const StoredRecord*, Instant) override {}
        void send_records(NodeId neighbor, Bytes head, const SharedBytes& body, Instant) override {
            std::vector<std::uint8_t> frame(head.begin(), head.end());
            frame.insert(frame.end(), body.bytes().begin(), body.bytes().end());
            network_.carry(id, neighbor, frame);
        }
        void on_refused(NodeId, DropReason reason) override { ++refused[reason]; }

        const NodeId id;
        std::unique_ptr<Records> records;
        std::map<RecordKey, std::string> told;  // and not withdrawn
        std::map<DropReason, int> refused;

      private:
        RecordNetwork& network_;
        MeshOptions options_;
        FakeTrust trust_;
        std::uint32_t life_ = 0;
        Instant planned_at_ = Instant::never();
    };

    RecordNetwork(Weather weather, std::uint64_t seed) : random_(seed), weather_(weather) {}

    Node& add(NodeRole role = NodeRole::Router) {
        nodes_.push_back(std::make_unique<Node>(*this, NodeId(nodes_.size() + 1), role));
        return *nodes_.back();
    }
    Node& node(std::size_t index) { return *nodes_[index]; }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    void set_weather(Weather weather) { weather_ = weather; }

    void link(std::size_t a, std::size_t b) {
        const Link name = link_of(nodes_[a]->id, nodes_[b]->id);
        if (a == b || !links_.insert(name).second) {
            return;
        }
        const std::uint64_t session = ++sessions_[name];
        for (const auto& [from, to] : {name, Link{name.second, name.first}}) {
            node_of(from).records->on_neighbor_up(to, node_of(to).role(), time.now());
            node_of(from).end_turn();
        }
        time.after(2ms, [this, name, session] { greet(name, session); });
    }
    void cut(std::size_t a, std::size_t b) {
        const Link name = link_of(nodes_[a]->id, nodes_[b]->id);
        if (links_.erase(name) == 0) {
            return;
        }
        ++sessions_[name];
        for (const auto& [from, to] : {name, Link{name.second, name.first}}) {
            node_of(from).records->on_neighbor_down(to);
            node_of(from).end_turn();
        }
    }
    [[nodiscard]] bool is_linked(std::size_t a, std::size_t b) const {
        return links_.contains(link_of(nodes_[a]->id, nodes_[b]->id));
    }
    /// Loses what it knew, and meets its neighbours anew.
    void restart(std::size_t index) {
        std::vector<std::size_t> neighbors;
        for (std::size_t other = 0; other < size(); ++other) {
            if (is_linked(index, other)) {
                neighbors.push_back(other);
                cut(index, other);
            }
        }
        node(index).begin_life();
        for (const std::size_t other : neighbors) {
            link(index, other);
        }
    }

    VirtualTime time;
    /// How often a record went over a link, in both directions together.
    std::map<std::pair<NodeId, NodeId>, std::map<std::pair<RecordKey, Version>, int>> crossings;
    std::map<FrameType, std::uint64_t> sent_count;

  private:
    using Link = std::pair<NodeId, NodeId>;  // the smaller id first

    [[nodiscard]] static Link link_of(NodeId a, NodeId b) { return std::minmax(a, b); }
    Node& node_of(NodeId id) { return *nodes_[id.value() - 1]; }
    Duration delay() { return random_.between(weather_.delay_min, weather_.delay_max); }

    void greet(Link name, std::uint64_t session) {
        if (sessions_[name] != session) {
            return;
        }
        for (const auto& [from, to] : {name, Link{name.second, name.first}}) {
            if (random_.chance(weather_.loss)) {
                continue;
            }
            const Digests digests = node_of(from).records->digests();
            time.after(delay(), [this, name, session, digests, from = from, to = to] {
                if (sessions_[name] == session) {
                    node_of(to).records->on_neighbor_digests(from, digests, time.now());
                    node_of(to).end_turn();
                }
            });
        }
        time.after(weather_.hello_interval, [this, name, session] { greet(name, session); });
    }

    void carry(NodeId from, NodeId to, const std::vector<std::uint8_t>& bytes) {
        const Link name = link_of(from, to);
        const auto slice = next_frame(bytes);
        ASSERT_TRUE(slice && slice->has_value());
        ASSERT_EQ((*slice)->frame_bytes, bytes.size());
        ++sent_count[(*slice)->type];
        int copies = random_.chance(weather_.loss) ? 0 : 1;
        copies += random_.chance(weather_.repeats) ? 1 : 0;
        for (int copy = 0; copy < copies; ++copy) {
            time.after(delay(), [this, name, session = sessions_[name], from, to, bytes] {
                if (sessions_[name] == session) {
                    deliver(from, to, bytes);
                }
            });
        }
    }

    void deliver(NodeId from, NodeId to, const std::vector<std::uint8_t>& bytes) {
        const Result<Frame> frame = decode(**next_frame(bytes));
        ASSERT_TRUE(frame) << frame.error().text;
        Records& records = *node_of(to).records;
        if (const auto* record = std::get_if<Record>(&*frame)) {
            ++crossings[link_of(from, to)][{record->key, record->version}];
            records.on_record(from, *record, time.now());
        } else if (const auto* ack = std::get_if<RecordAck>(&*frame)) {
            records.on_ack(from, *ack, time.now());
        } else if (const auto* request = std::get_if<RecordRequest>(&*frame)) {
            records.on_request(from, *request);
        } else if (const auto* digest = std::get_if<Digest>(&*frame)) {
            records.on_digest(from, *digest, time.now());
        } else if (const auto* list = std::get_if<DigestList>(&*frame)) {
            records.on_digest_list(from, *list, time.now());
        } else {
            FAIL() << "a frame that records do not send";
        }
        node_of(to).end_turn();
    }

    Random random_;
    Weather weather_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::set<Link> links_;
    std::map<Link, std::uint64_t> sessions_;  // of a link: what is of an earlier one is lost
};

}  // namespace kith::mesh::testing

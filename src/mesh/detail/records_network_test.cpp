// Several nodes that have nothing but records, on links that lose, repeat and reorder.
#include <algorithm>
#include <map>
#include <memory>
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

namespace kith::mesh {
namespace {

using testing::FakeTrust;
using testing::VirtualTime;

constexpr Duration kHelloInterval = 500ms;

/// What the links do to frames.
struct Weather {
    double loss = 0;
    double repeats = 0;
    Duration delay_min = 1ms;
    Duration delay_max = 1ms;  // more than delay_min: frames overtake one another
};

class Network {
  public:
    Network(std::size_t node_count, Weather weather, std::uint64_t seed)
        : random_(seed), weather_(weather) {
        for (std::size_t index = 0; index < node_count; ++index) {
            nodes_.push_back(std::make_unique<Node>(*this, NodeId(index + 1), 1, NodeRole::Router));
        }
    }

    struct Node final : RecordListener {
        Node(Network& network_of, NodeId node_id, std::uint32_t epoch, NodeRole node_role)
            : network(network_of), id(node_id), role(node_role), trust(node_id) {
            options.self = id;
            options.epoch = epoch;
            options.role = role;
            records = std::make_unique<Records>(
                options, Records::Ports{.trust = trust, .listener = *this, .pool = nullptr},
                id.value());
            tell(RecordKind::Identity, 0, testing::certificate_of(id));
            tell(RecordKind::LinkState, 0, "links of " + std::to_string(id.value()));
        }

        void tell(RecordKind kind, std::uint16_t part, const std::string& body) {
            EXPECT_TRUE(records->tell(kind, part, as_bytes(body), network.time.now()));
            turn();
        }
        void turn() {
            records->flush(network.time.now());
            network.plan(*this);
        }

        void on_record(const RecordKey&, const StoredRecord*, Instant) override {}
        void send_records(NodeId neighbor, Bytes head, const SharedBytes& body, Instant) override {
            std::vector<std::uint8_t> frame(head.begin(), head.end());
            frame.insert(frame.end(), body.bytes().begin(), body.bytes().end());
            network.carry(id, neighbor, frame);
        }
        void on_refused(NodeId, DropReason reason) override { ++refused[reason]; }

        Network& network;
        NodeId id;
        NodeRole role;
        MeshOptions options;
        FakeTrust trust;
        std::unique_ptr<Records> records;
        std::map<DropReason, int> refused;
        Instant planned_at = Instant::never();
    };

    Node& node(std::size_t index) { return *nodes_[index]; }
    Node& node_of(NodeId id) { return *nodes_[id.value() - 1]; }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }

    void link(std::size_t a, std::size_t b) {
        const Link name = link_of(NodeId(a + 1), NodeId(b + 1));
        if (!links_.insert(name).second) {
            return;
        }
        ++generation_[name];
        Node& first = node_of(name.first);
        Node& second = node_of(name.second);
        first.records->on_neighbor_up(second.id, second.role, time.now());
        second.records->on_neighbor_up(first.id, first.role, time.now());
        first.turn();
        second.turn();
        const auto phase = random_.between(1ms, kHelloInterval);
        time.after(2ms, [this, name, now = generation_[name]] { hello(name, now); });
        (void)phase;
    }
    void cut(std::size_t a, std::size_t b) {
        const Link name = link_of(NodeId(a + 1), NodeId(b + 1));
        if (links_.erase(name) == 0) {
            return;
        }
        ++generation_[name];
        node_of(name.first).records->on_neighbor_down(name.second);
        node_of(name.second).records->on_neighbor_down(name.first);
        node_of(name.first).turn();
        node_of(name.second).turn();
    }
    void set_weather(Weather weather) { weather_ = weather; }

    VirtualTime time;
    std::map<std::pair<NodeId, NodeId>, std::map<std::pair<RecordKey, Version>, int>> carried;
    std::map<FrameType, std::uint64_t> frame_count;

  private:
    using Link = std::pair<NodeId, NodeId>;

    static Link link_of(NodeId a, NodeId b) { return {std::min(a, b), std::max(a, b)}; }

    void hello(Link name, std::uint64_t generation) {
        if (generation_[name] != generation) {
            return;
        }
        for (const auto& [from, to] : {name, Link{name.second, name.first}}) {
            if (random_.chance(weather_.loss)) {
                continue;
            }
            const Digests digests = node_of(from).records->digests();
            time.after(delay(), [this, name, generation, digests, from = from, to = to] {
                if (generation_[name] == generation) {
                    node_of(to).records->on_neighbor_digests(from, digests, time.now());
                    node_of(to).turn();
                }
            });
        }
        time.after(kHelloInterval, [this, name, generation] { hello(name, generation); });
    }

    void carry(NodeId from, NodeId to, const std::vector<std::uint8_t>& frame) {
        const Link name = link_of(from, to);
        const auto slice = next_frame(frame);
        ASSERT_TRUE(slice && slice->has_value());
        ASSERT_EQ((*slice)->frame_bytes, frame.size());
        ++frame_count[(*slice)->type];
        const std::uint64_t generation = generation_[name];
        const int copies =
            random_.chance(weather_.loss) ? 0 : (random_.chance(weather_.repeats) ? 2 : 1);
        for (int copy = 0; copy < copies; ++copy) {
            time.after(delay(), [this, name, generation, from, to, frame] {
                if (generation_[name] == generation) {
                    deliver(from, to, frame);
                }
            });
        }
    }

    void deliver(NodeId from, NodeId to, const std::vector<std::uint8_t>& bytes) {
        const auto frame = decode(**next_frame(bytes));
        ASSERT_TRUE(frame) << frame.error().text;
        Records& records = *node_of(to).records;
        if (const auto* record = std::get_if<Record>(&*frame)) {
            ++carried[{from, to}][{record->key, record->version}];
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
        node_of(to).turn();
    }

    void plan(Node& node) {
        const Instant deadline = node.records->deadline();
        if (deadline == Instant::never() || deadline >= node.planned_at) {
            return;
        }
        node.planned_at = deadline;
        time.at(deadline, [this, &node, deadline] {
            if (node.planned_at == deadline) {
                node.planned_at = Instant::never();
                node.records->on_timer(time.now());
                node.turn();
            }
        });
    }

    Duration delay() { return random_.between(weather_.delay_min, weather_.delay_max); }

    Random random_;
    Weather weather_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::set<Link> links_;
    std::map<Link, std::uint64_t> generation_;
};

/// Random, and in one piece.
void link_at_random(Network& network, std::size_t extra_links, Random& random) {
    for (std::size_t index = 1; index < network.size(); ++index) {
        network.link(index, random.below(index));
    }
    for (std::size_t i = 0; i < extra_links; ++i) {
        const std::size_t a = random.below(network.size());
        const std::size_t b = random.below(network.size());
        if (a != b) {
            network.link(a, b);
        }
    }
}

void expect_all_equal(Network& network) {
    for (std::size_t index = 1; index < network.size(); ++index) {
        EXPECT_EQ(network.node(index).records->digests(), network.node(0).records->digests())
            << "node " << index;
    }
}

TEST(RecordsNetwork, EverybodyEndsWithTheSame) {
    for (std::uint64_t seed = 1; seed <= 25; ++seed) {
        SCOPED_TRACE(seed);
        Random random(seed);
        Network network(2 + random.below(29), {}, seed);
        link_at_random(network, network.size(), random);
        network.time.run_for(3s);
        expect_all_equal(network);
        EXPECT_EQ(network.node(0).records->all(RecordKind::LinkState).size(), network.size());
    }
}

TEST(RecordsNetwork, LossAndReorderingDoNotMatter) {
    for (std::uint64_t seed = 1; seed <= 25; ++seed) {
        SCOPED_TRACE(seed);
        Random random(seed);
        Network network(2 + random.below(29),
                        {.loss = 0.3, .repeats = 0.1, .delay_min = 1ms, .delay_max = 50ms}, seed);
        link_at_random(network, network.size(), random);
        network.time.run_for(60s);
        expect_all_equal(network);
        EXPECT_EQ(network.node(0).records->all(RecordKind::LinkState).size(), network.size());
    }
}

}  // namespace
}  // namespace kith::mesh

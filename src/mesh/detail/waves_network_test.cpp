// Barriers in a whole network. What complete promises is checked against the graph: every node to
// which there was a way all the time, over links that were up all the time, has the record.
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "mesh/detail/waves.h"
#include "mesh/testing/virtual_time.h"

namespace kith::mesh {
namespace {

using testing::VirtualTime;

constexpr NodeId id_of(std::size_t index) {
    return NodeId(index + 1);
}

struct Weather {
    double loss = 0;
    double repeats = 0;
    double cuts = 0;  // of links, during each barrier
};

class WaveNetwork {
  public:
    WaveNetwork(std::size_t node_count, Weather weather, std::uint64_t seed)
        : random_(seed), weather_(weather) {
        for (std::size_t index = 0; index < node_count; ++index) {
            const bool is_leaf = index > 2 && random_.chance(0.1);
            nodes_.push_back(std::make_unique<Node>(*this, index, is_leaf));
        }
        for (std::size_t index = 1; index < node_count; ++index) {
            link(index, random_.below(index));
            link(index, random_.below(node_count));
        }
    }

    /// Node `index` tells a record, which reaches the others at any time, and begins a barrier.
    void subscribe(std::size_t index) {
        Node& node = *nodes_[index];
        const std::uint32_t counter = ++node.counter;
        for (const auto& other : nodes_) {
            time.after(random_.between(0ms, 60ms),
                       [&other = *other, index, counter] { other.install(id_of(index), counter); });
        }
        node.install(id_of(index), counter);
        Barrier& barrier = barriers_[++token_];
        barrier = {.node = index, .counter = counter, .stable = links_};
        const RecordVersions wanted{version(id_of(index), counter)};
        node.waves.begin(token_, wanted, time.now());
        node.plan();
    }

    void cut_some() {
        for (const auto& [a, b] : std::set(links_)) {
            if (random_.chance(weather_.cuts)) {
                time.after(random_.between(0ms, 80ms), [this, a = a, b = b] { cut(a, b); });
                time.after(random_.between(80ms, 400ms), [this, a = a, b = b] { link(a, b); });
            }
        }
    }

    [[nodiscard]] std::size_t link_count() const { return links_.size(); }

    VirtualTime time;
    int complete_count = 0;
    int incomplete_count = 0;
    std::uint64_t echo_count = 0;

  private:
    using Link = std::pair<std::size_t, std::size_t>;  // the smaller index first
    struct Barrier {
        std::size_t node = 0;
        std::uint32_t counter = 0;
        std::set<Link> stable;  // links that are up since it began
    };

    static RecordVersion version(NodeId origin, std::uint32_t counter) {
        return {.key = {.origin = origin, .kind = RecordKind::Interest, .part = 0},
                .version = {.epoch = 1, .counter = counter}};
    }

    struct Node final : WaveListener {
        Node(WaveNetwork& network_of, std::size_t at, bool is_leaf)
            : network(network_of), index(at) {
            options.self = id_of(at);
            options.role = is_leaf ? NodeRole::Leaf : NodeRole::Router;
        }
        void install(NodeId origin, std::uint32_t installed) {
            std::uint32_t& known = records[origin];
            known = std::max(known, installed);
            waves.on_record(version(origin, installed).key, network.time.now());
            plan();
        }
        void plan() {
            const Instant deadline = waves.deadline();
            if (deadline < planned_at) {
                planned_at = deadline;
                network.time.at(deadline, [this] {
                    planned_at = Instant::never();
                    waves.on_timer(network.time.now());
                    plan();
                });
            }
        }
        void send_echo(NodeId neighbor, const Echo& echo, Instant) override {
            network.carry(index, neighbor.value() - 1, echo);
        }
        [[nodiscard]] bool has_record(const RecordVersion& record) const override {
            const auto found = records.find(record.key.origin);
            return found != records.end() && found->second >= record.version.counter;
        }
        void on_barrier(std::uint64_t token, bool is_complete) override {
            network.check(token, is_complete);
        }

        WaveNetwork& network;
        std::size_t index;
        MeshOptions options;
        Waves waves{options, *this};
        std::map<NodeId, std::uint32_t> records;  // origin, counter
        std::uint32_t counter = 0;
        Instant planned_at = Instant::never();
    };

    void link(std::size_t a, std::size_t b) {
        if (a == b || !links_.insert(std::minmax(a, b)).second) {
            return;
        }
        ++sessions_[std::minmax(a, b)];
        nodes_[a]->waves.on_neighbor_up(id_of(b), time.now());
        nodes_[b]->waves.on_neighbor_up(id_of(a), time.now());
    }

    /// One end may notice much later than the other.
    void cut(std::size_t a, std::size_t b) {
        if (links_.erase(std::minmax(a, b)) == 0) {
            return;
        }
        for (auto& [token, barrier] : barriers_) {
            barrier.stable.erase(std::minmax(a, b));
        }
        const std::uint64_t session = ++sessions_[std::minmax(a, b)];
        for (const auto& [from, to] : {Link{a, b}, Link{b, a}}) {
            time.after(random_.between(0ms, 20ms), [this, from = from, to = to, session] {
                if (sessions_[std::minmax(from, to)] == session) {
                    nodes_[from]->waves.on_neighbor_down(id_of(to), time.now());
                    nodes_[from]->plan();
                }
            });
        }
    }

    void carry(std::size_t from, std::size_t to, const Echo& echo) {
        ++echo_count;
        const Link name = std::minmax(from, to);
        if (!links_.contains(name)) {
            return;
        }
        int copies = random_.chance(weather_.loss) ? 0 : 1;
        copies += random_.chance(weather_.repeats) ? 1 : 0;
        for (int copy = 0; copy < copies; ++copy) {
            time.after(random_.between(1ms, 3ms),
                       [this, name, session = sessions_[name], from, to, echo] {
                           if (sessions_[name] == session) {
                               nodes_[to]->waves.on_echo(id_of(from), echo, time.now());
                               nodes_[to]->plan();
                           }
                       });
        }
    }

    void check(std::uint64_t token, bool is_complete) {
        const auto found = barriers_.find(token);
        ASSERT_NE(found, barriers_.end()) << "answered twice";
        const Barrier barrier = found->second;
        barriers_.erase(found);
        ++(is_complete ? complete_count : incomplete_count);
        if (!is_complete) {
            return;
        }
        for (const std::size_t index : reachable(barrier)) {
            EXPECT_GE(nodes_[index]->records[id_of(barrier.node)], barrier.counter)
                << "node " << index + 1 << " lacks what node " << barrier.node + 1 << " told";
        }
    }

    /// Over links that were up all the time; leaves end a way.
    std::set<std::size_t> reachable(const Barrier& barrier) {
        std::set<std::size_t> found{barrier.node};
        std::vector<std::size_t> open{barrier.node};
        while (!open.empty()) {
            const std::size_t index = open.back();
            open.pop_back();
            if (index != barrier.node && nodes_[index]->options.role == NodeRole::Leaf) {
                continue;
            }
            for (const auto& [a, b] : barrier.stable) {
                const std::size_t other = a == index ? b : a;
                if ((a == index || b == index) && found.insert(other).second) {
                    open.push_back(other);
                }
            }
        }
        return found;
    }

    Random random_;
    Weather weather_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::set<Link> links_;
    std::map<Link, std::uint64_t> sessions_;
    std::map<std::uint64_t, Barrier> barriers_;
    std::uint64_t token_ = 0;
};

/// Barriers of random nodes, many at a time. How many were complete, and how many not.
std::pair<int, int> run(Weather weather, std::uint64_t seed) {
    Random random(seed);
    const std::size_t node_count = 2 + random.below(29);
    WaveNetwork network(node_count, weather, seed);
    constexpr int kBarriers = 40;
    for (int i = 0; i < kBarriers; ++i) {
        network.subscribe(random.below(node_count));
        network.cut_some();
        network.time.run_for(random.between(0ms, 100ms));
    }
    network.time.run_for(2s);
    EXPECT_EQ(network.complete_count + network.incomplete_count, kBarriers);
    return {network.complete_count, network.incomplete_count};
}

TEST(WavesNetwork, EveryBarrierIsCompleteWhereNothingBreaks) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE(seed);
        EXPECT_EQ(run({}, seed).second, 0);
    }
}

TEST(WavesNetwork, RepeatsDoNotMatter) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        SCOPED_TRACE(seed);
        EXPECT_EQ(run({.repeats = 0.5}, seed).second, 0);
    }
}

// Goal: complete is never said of a barrier that is not, and not never.
TEST(WavesNetwork, LossMakesBarriersIncompleteButNeverWrong) {
    int complete_count = 0;
    int incomplete_count = 0;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE(seed);
        const auto [complete, incomplete] = run({.loss = 0.03, .repeats = 0.1}, seed);
        complete_count += complete;
        incomplete_count += incomplete;
    }
    EXPECT_GT(complete_count, 0);
    EXPECT_GT(incomplete_count, 0);
}

TEST(WavesNetwork, LinksThatComeAndGoMakeBarriersIncompleteButNeverWrong) {
    int complete_count = 0;
    int incomplete_count = 0;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE(seed);
        const auto [complete, incomplete] = run({.repeats = 0.1, .cuts = 0.03}, seed);
        complete_count += complete;
        incomplete_count += incomplete;
    }
    EXPECT_GT(complete_count, 0);
    EXPECT_GT(incomplete_count, 0);
}

TEST(WavesNetwork, AWaveIsTwoFramesALink) {
    WaveNetwork network(20, {}, 3);
    network.subscribe(0);
    network.time.run_for(1s);
    EXPECT_EQ(network.complete_count, 1);
    EXPECT_EQ(network.echo_count, network.link_count() * 2);
}

}  // namespace
}  // namespace kith::mesh

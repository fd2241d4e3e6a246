// Nodes that are nothing but their Neighbors, wires between them, and virtual time.
//
// Wires delay, lose, repeat and can be cut in one direction; nodes die, freeze, and have timers
// that are late. Everything follows from the calls and one seed.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "mesh/detail/neighbors.h"
#include "wire/mesh/codec.h"

namespace kith::mesh::testing {

/// One direction of a wire.
struct Way {
    Duration delay = 500us;
    Duration jitter = 0us;
    double loss = 0;
    double repeat = 0;
    bool is_cut = false;
    bool keeps_order = true;
};

class Neighborhood {
  public:
    struct Change {
        NodeId neighbor;
        NeighborChange change;
        Instant at;
    };

    class Node final : public LinkPort, public NeighborListener {
      public:
        Node(Neighborhood& world, const MeshOptions& options, std::uint64_t seed)
            : world_(world), id(options.self), neighbors(options, *this, *this, seed) {}

        void send(LinkId link, Priority, Bytes head, const SharedBytes& body) override {
            std::vector<std::uint8_t> bytes(head.begin(), head.end());
            bytes.insert(bytes.end(), body.bytes().begin(), body.bytes().end());
            const auto slice = next_frame(bytes);
            const bool is_hello = slice && *slice && (*slice)->type == FrameType::Hello;
            hellos_sent += is_hello ? 1U : 0U;
            probes_sent += is_hello && decode_hello((*slice)->body)->wants_answer ? 1U : 0U;
            frames_sent[link] += 1;
            bytes_sent += bytes.size();
            if (is_hello && (hello_times.empty() || hello_times.back() != world_.now())) {
                hello_times.push_back(world_.now());
            }
            world_.carry(*this, link, bytes);
        }
        void close(LinkId link, GoodbyeReason reason) override {
            closed.emplace_back(link, reason);
            world_.disconnect(*this, link);
        }

        void on_neighbor_up(NodeId neighbor, Instant now) override {
            note(neighbor, NeighborChange::Up, now);
        }
        void on_neighbor_suspect(NodeId neighbor, Instant now) override {
            note(neighbor, NeighborChange::Suspect, now);
        }
        void on_neighbor_cleared(NodeId neighbor, Instant now) override {
            note(neighbor, NeighborChange::Cleared, now);
        }
        void on_neighbor_down(NodeId neighbor, Instant now) override {
            note(neighbor, NeighborChange::Down, now);
            for (const Neighbors::State& other : neighbors.up()) {
                if (tells_of_deaths) {
                    send_message(other.node);
                }
            }
        }
        void on_neighbor_cost(NodeId, Instant now) override { cost_told_at.push_back(now); }
        void on_neighbor_digests(NodeId, const Digests& digests, Instant) override {
            digests_heard.push_back(digests);
        }

        /// The class of what send_message() sent: a Credit names it.
        [[nodiscard]] static Priority priority_of(const Frame& frame) {
            const auto* credit = std::get_if<Credit>(&frame);
            return credit == nullptr ? Priority::Control : credit->priority;
        }
        /// As the whole node hands it to its parts.
        void receive(LinkId link, Bytes bytes, Instant now) {
            neighbors.on_heard(link, now);
            const auto slice = next_frame(bytes);
            ASSERT_TRUE(slice && *slice);
            const auto frame = decode(**slice);
            ASSERT_TRUE(frame);
            if (const auto* hello = std::get_if<Hello>(&*frame)) {
                neighbors.on_hello(link, *hello, now);
            } else if (const auto* receipt = std::get_if<Receipt>(&*frame)) {
                neighbors.on_receipt(link, *receipt, now);
            } else if (std::holds_alternative<Goodbye>(*frame)) {
                neighbors.on_goodbye(link, now);
            } else {
                neighbors.on_countable(link, traffic_of(priority_of(*frame)), now);
                ++messages_received;
            }
        }

        /// Something that asks for a receipt.
        void send_message(NodeId to, Priority priority = Priority::Default) {
            std::vector<std::uint8_t> room(64);
            room.resize(encode(Frame(Credit{.priority = priority, .bytes_total = 1}), room));
            neighbors.send(to, priority, room, {}, world_.now());
        }

        [[nodiscard]] int count(NeighborChange change) const {
            return static_cast<int>(std::ranges::count(changes, change, &Change::change));
        }
        /// never() if it did not.
        [[nodiscard]] Instant first(NeighborChange change) const {
            const auto at = std::ranges::find(changes, change, &Change::change);
            return at == changes.end() ? Instant::never() : at->at;
        }
        [[nodiscard]] bool is_up(NodeId neighbor) const {
            return neighbors.find(neighbor) != nullptr;
        }

      private:
        void note(NodeId neighbor, NeighborChange change, Instant now) {
            changes.push_back({neighbor, change, now});
        }
        Neighborhood& world_;

      public:
        const NodeId id;
        Neighbors neighbors;
        std::vector<Change> changes;
        std::vector<Instant> cost_told_at;
        std::vector<Digests> digests_heard;
        std::vector<std::pair<LinkId, GoodbyeReason>> closed;
        std::map<LinkId, std::uint64_t> frames_sent;
        std::vector<Instant> hello_times;  // each once
        std::uint64_t hellos_sent = 0;
        std::uint64_t probes_sent = 0;
        std::uint64_t bytes_sent = 0;
        std::uint64_t messages_received = 0;
        bool tells_of_deaths = false;  // to all others
        Duration timer_lateness{};
        bool is_dead = false;
        Instant frozen_until;
    };

    struct Wire {
        Node* ends[2];
        LinkId links[2];
        Way ways[2];  // from the end of the same index
        Instant last_arrival[2];
        bool is_open = true;
    };

    explicit Neighborhood(std::uint64_t seed = 1) : random_(seed) {}

    [[nodiscard]] Instant now() const { return now_; }

    Node& add(const Timing& timing = Timing::normal()) {
        MeshOptions options;
        options.self = NodeId(nodes_.size() + 1);
        options.timing = timing;
        nodes_.push_back(std::make_unique<Node>(*this, options, random_.next()));
        return *nodes_.back();
    }
    Wire& connect(Node& a, Node& b, const Way& way = {}, std::uint32_t cost_bias = 0) {
        const LinkId link(++last_link_);
        wires_.push_back(
            {.ends = {&a, &b}, .links = {link, link}, .ways = {way, way}, .last_arrival = {}});
        Wire& wire = wires_.back();
        wire_of_[link] = &wire;
        a.neighbors.on_link_up(link, {.node = b.id, .cost_bias = cost_bias}, now_);
        if (wire.is_open) {
            b.neighbors.on_link_up(link, {.node = a.id, .cost_bias = cost_bias}, now_);
        }
        return wire;
    }
    [[nodiscard]] bool has_open_wire(const Node& a, const Node& b) const {
        return std::ranges::any_of(wires_, [&](const Wire& wire) {
            return wire.is_open && wire.ends[0] == &a && wire.ends[1] == &b;
        });
    }
    /// `from` sends a message every `interval`, until be_quiet().
    void chatter(Node& from, Node& to, Duration interval) {
        chatters_.push_back({&from, to.id, interval, now_ + interval});
    }
    void be_quiet() { chatters_.clear(); }
    void freeze(Node& node, Duration time) { node.frozen_until = now_ + time; }
    static void cut(Wire& wire) { wire.ways[0].is_cut = wire.ways[1].is_cut = true; }
    static void mend(Wire& wire) { wire.ways[0].is_cut = wire.ways[1].is_cut = false; }

    void run_for(Duration time) {
        const Instant end = now_ + time;
        while (step(end)) {
        }
        now_ = end;
    }
    /// False if it is not so within `time`.
    template <typename Condition>
    bool run_until(Condition condition, Duration time) {
        const Instant end = now_ + time;
        while (!condition()) {
            if (!step(end)) {
                now_ = end;
                return condition();
            }
        }
        return true;
    }
    [[nodiscard]] std::uint64_t timer_calls() const { return timer_calls_; }

    void carry(const Node& from, LinkId link, const std::vector<std::uint8_t>& bytes) {
        const auto found = wire_of_.find(link);
        if (found == wire_of_.end() || !found->second->is_open || from.is_dead) {
            return;
        }
        Wire& wire = *found->second;
        const std::size_t end = wire.ends[0] == &from ? 0 : 1;
        const Way& way = wire.ways[end];
        const int copies = 1 + (random_.chance(way.repeat) ? 1 : 0);
        for (int i = 0; i < copies; ++i) {
            if (way.is_cut || random_.chance(way.loss)) {
                continue;
            }
            Instant at = now_ + way.delay + random_.between(0ns, way.jitter);
            if (way.keeps_order) {
                at = std::max(at, wire.last_arrival[end]);
                wire.last_arrival[end] = at;
            }
            arrivals_.emplace(std::pair(at, ++sequence_), Arrival{wire.ends[1 - end], link, bytes});
        }
    }
    /// The other end hears of it as of a closed socket.
    void disconnect(const Node& node, LinkId link) {
        const auto found = wire_of_.find(link);
        if (found == wire_of_.end() || !found->second->is_open) {
            return;
        }
        Wire& wire = *found->second;
        wire.is_open = false;
        const std::size_t end = wire.ends[0] == &node ? 0 : 1;
        if (!wire.ways[end].is_cut && !node.is_dead) {
            arrivals_.emplace(std::pair(now_ + wire.ways[end].delay, ++sequence_),
                              Arrival{wire.ends[1 - end], link, {}});
        }
    }

  private:
    struct Arrival {
        Node* to;
        LinkId link;
        std::vector<std::uint8_t> bytes;  // empty: the link is closed
    };
    struct Chatter {
        Node* from;
        NodeId to;
        Duration interval;
        Instant next_at;
    };

    /// The next thing that happens, if it happens until `end`.
    bool step(Instant end) {
        Instant at = end;
        Node* timer = nullptr;
        Chatter* chatter = nullptr;
        for (const auto& node : nodes_) {
            const Instant due = timer_at(*node);
            if (due < at) {
                at = due;
                timer = node.get();
            }
        }
        for (Chatter& each : chatters_) {
            if (each.next_at < at) {
                at = each.next_at;
                chatter = &each;
            }
        }
        if (!arrivals_.empty() && arrivals_.begin()->first.first < at) {
            arrive();
            return true;
        }
        if (at == end) {
            return false;
        }
        now_ = std::max(now_, at);
        if (chatter != nullptr) {
            chatter->next_at = now_ + chatter->interval;
            if (!chatter->from->is_dead && chatter->from->frozen_until <= now_) {
                chatter->from->send_message(chatter->to);
            }
        } else {
            ++timer_calls_;
            timer->neighbors.on_timer(now_);
            EXPECT_GT(timer->neighbors.deadline(), now_) << "a timer that does not advance";
        }
        return true;
    }
    [[nodiscard]] static Instant timer_at(const Node& node) {
        const Instant deadline = node.neighbors.deadline();
        if (node.is_dead || deadline == Instant::never()) {
            return Instant::never();
        }
        return std::max(deadline + node.timer_lateness, node.frozen_until);
    }
    void arrive() {
        const auto first = arrivals_.begin();
        now_ = std::max(now_, first->first.first);
        Arrival arrival = std::move(first->second);
        arrivals_.erase(first);
        Node& to = *arrival.to;
        if (to.is_dead) {
            return;
        }
        // A frozen node reads later; its timers, which are due, come first.
        if (to.frozen_until > now_) {
            arrivals_.emplace(std::pair(to.frozen_until + 1ns, ++sequence_), std::move(arrival));
            return;
        }
        if (arrival.bytes.empty()) {
            to.neighbors.on_link_down(arrival.link, now_);
        } else {
            to.receive(arrival.link, arrival.bytes, now_);
        }
    }

    Random random_;
    // As on a computer that has run for a year: numbers on the wire are as long as they get.
    Instant now_ = Instant() + 365 * 24h;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::deque<Wire> wires_;
    std::map<LinkId, Wire*> wire_of_;
    std::map<std::pair<Instant, std::uint64_t>, Arrival> arrivals_;
    std::vector<Chatter> chatters_;
    std::uint64_t sequence_ = 0;
    std::uint64_t timer_calls_ = 0;
    std::uint32_t last_link_ = 0;
};

/// Two nodes and a wire between them.
struct Pair {
    explicit Pair(const Timing& timing = Timing::normal(), const Way& way = {},
                  std::uint64_t seed = 1, std::uint32_t cost_bias = 0)
        : world(seed),
          a(world.add(timing)),
          b(world.add(timing)),
          wire(world.connect(a, b, way, cost_bias)) {}

    /// Up, and idle again.
    void settle() {
        ASSERT_TRUE(world.run_until([&] { return is_up(); }, 10s));
        world.run_for(3s);
    }
    [[nodiscard]] bool is_up() const { return a.is_up(b.id) && b.is_up(a.id); }
    [[nodiscard]] LinkId link() const { return wire.links[0]; }

    Neighborhood world;
    Neighborhood::Node& a;
    Neighborhood::Node& b;
    Neighborhood::Wire& wire;
};

/// One node in the middle, and others that know it alone.
struct Star {
    explicit Star(std::size_t size, const Timing& timing = Timing::normal(), std::uint64_t seed = 1)
        : world(seed), hub(world.add(timing)) {
        for (std::size_t i = 0; i < size; ++i) {
            leaves.push_back(&world.add(timing));
            wires.push_back(&world.connect(hub, *leaves.back()));
        }
    }
    void settle() {
        ASSERT_TRUE(
            world.run_until([&] { return hub.neighbors.up().size() == leaves.size(); }, 10s));
        world.run_for(3s);
    }

    Neighborhood world;
    Neighborhood::Node& hub;
    std::vector<Neighborhood::Node*> leaves;
    std::vector<Neighborhood::Wire*> wires;
};

}  // namespace kith::mesh::testing

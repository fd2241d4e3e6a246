// Nodes on one network that carries multicast: the real Discovery of each, links that come up some
// milliseconds after they are dialled, and link states that everybody knows 300 ms late.
//
// One seed makes one run. Cables between halves of the network can be cut and mended.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <queue>
#include <set>
#include <utility>
#include <vector>

#include "base/random.h"
#include "mesh/discovery/discovery.h"
#include "mesh/discovery/testing/fake_network.h"

namespace kith::mesh::testing {

class VirtualLan {
  public:
    static constexpr std::uint64_t kMesh = 7;
    static constexpr std::size_t kHeaderBytes = 28;  // of UDP over IPv4

    VirtualLan(std::size_t count, std::uint64_t seed) : random_(seed) {
        for (std::size_t i = 0; i < count; ++i) {
            places_.push_back(std::make_unique<Place>(*this, i));
            index_of_[id_of(i + 1)] = i;
            id_of_.push_back(id_of(i + 1));
        }
        parts_.assign(count, 0);
        links_.resize(count);
        look_around();
        learn_.push_back(now_);
    }

    void start(std::size_t i, std::uint32_t epoch = 1) {
        Place& place = *places_[i];
        place.discovery = std::make_unique<Discovery>(DiscoveryOptions{.self = id_of(i + 1),
                                                                       .public_key = key_of(i + 1),
                                                                       .mesh = kMesh,
                                                                       .epoch = epoch,
                                                                       .port = 7883},
                                                      place, random_.next());
        place.discovery->start(now_);
    }
    void start_all() {
        for (std::size_t i = 0; i < places_.size(); ++i) {
            start(i);
        }
    }
    /// Part `of` every node; nodes of different parts do not hear one another.
    void divide(const std::function<int(std::size_t)>& part_of) {
        for (std::size_t i = 0; i < places_.size(); ++i) {
            parts_[i] = part_of(i);
        }
        for (std::size_t i = 0; i < links_.size(); ++i) {
            std::erase_if(links_[i],
                          [this, i](const auto& link) { return parts_[i] != parts_[link.first]; });
        }
    }

    void run_for(Duration span) {
        const Instant end = now_ + span;
        while (now_ < end) {
            now_ = now_ + 10ms;
            while (!events_.empty() && events_.top().at <= now_) {
                const auto action = events_.top().action;
                events_.pop();
                action();
            }
            if (now_ - learn_.back() >= 100ms) {
                learn_.push_back(now_);
                look_around();
            }
            for (const auto& place : places_) {
                if (place->discovery != nullptr && place->discovery->deadline() <= now_) {
                    place->discovery->on_timer(now_);
                }
            }
        }
    }
    /// The time that it took; `limit` if it does not come.
    Duration run_until(const std::function<bool()>& done, Duration limit) {
        const Instant start = now_;
        while (!done() && now_ - start < limit) {
            run_for(10ms);
        }
        return now_ - start;
    }

    [[nodiscard]] bool is_whole() const { return component_count() == 1; }
    [[nodiscard]] std::size_t component_count() const {
        const auto roots = components();
        return std::set(roots.begin(), roots.end()).size();
    }
    [[nodiscard]] std::size_t degree(std::size_t i) const { return links_[i].size(); }
    [[nodiscard]] std::size_t degree_max() const {
        std::size_t most = 0;
        for (std::size_t i = 0; i < places_.size(); ++i) {
            most = std::max(most, degree(i));
        }
        return most;
    }
    [[nodiscard]] const Discovery& discovery(std::size_t i) const { return *places_[i]->discovery; }
    [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_sent_; }
    [[nodiscard]] std::uint64_t links_made() const { return links_made_; }
    [[nodiscard]] Instant now() const { return now_; }

  private:
    struct Link {
        std::size_t dialler = 0;
        Instant since;
    };
    struct Event {
        Instant at;
        std::uint64_t number = 0;
        std::function<void()> action;
        friend bool operator<(const Event& a, const Event& b) {
            return std::pair(b.at, b.number) < std::pair(a.at, a.number);
        }
    };
    /// What everybody knew at some moment.
    struct Knowledge {
        std::vector<std::size_t> component;
        std::vector<std::size_t> degree;
        std::map<std::size_t, std::uint64_t> digest;  // by component
    };

    struct Place final : DiscoveryPort {
        Place(VirtualLan& lan_in, std::size_t index_in) : lan(lan_in), index(index_in) {}
        void sign(Bytes message, MutableBytes signature) override {
            std::ranges::copy(fake_signature(key_of(index + 1), message), signature.begin());
        }
        [[nodiscard]] bool verify(const PublicKey& key, Bytes message,
                                  Bytes signature) const override {
            return std::ranges::equal(fake_signature(key, message), signature);
        }
        [[nodiscard]] bool is_member(NodeId node) const override {
            if (is_reachable(node)) {
                seen.insert(node);
            }
            return seen.contains(node);
        }
        [[nodiscard]] bool is_revoked(NodeId) const override { return false; }
        [[nodiscard]] bool is_reachable(NodeId node) const override {
            const Knowledge& knowledge = lan.known();
            return knowledge.component[lan.index_of_.at(node)] == knowledge.component[index];
        }
        [[nodiscard]] std::size_t reachable_count() const override {
            const Knowledge& knowledge = lan.known();
            return static_cast<std::size_t>(
                std::ranges::count(knowledge.component, knowledge.component[index]));
        }
        [[nodiscard]] std::size_t neighbor_count(NodeId node) const override {
            return is_reachable(node) ? lan.known().degree[lan.index_of_.at(node)] : 0;
        }
        [[nodiscard]] std::uint64_t link_state_digest() const override {
            return lan.known().digest.at(lan.known().component[index]);
        }
        [[nodiscard]] std::vector<ActiveNeighbor> neighbors() const override {
            return lan.neighbors_of(index);
        }
        void send_beacon(Bytes datagram) override { lan.multicast(index, datagram); }
        void dial(NodeId node, const runtime::SocketAddress&) override {
            lan.dial(index, lan.index_of_.at(node));
        }
        void give_up(NodeId node) override {
            const std::size_t other = lan.index_of_.at(node);
            lan.links_[index].erase(other);
            lan.links_[other].erase(index);
        }

        VirtualLan& lan;
        std::size_t index;
        mutable std::set<NodeId> seen;  // once reachable: its certificate came
        std::unique_ptr<Discovery> discovery;
    };

    void at(Instant when, std::function<void()> action) {
        events_.push({when, next_number_++, std::move(action)});
    }
    [[nodiscard]] Duration delay(Duration min, Duration max) { return random_.between(min, max); }

    void multicast(std::size_t from, Bytes datagram) {
        bytes_sent_ += datagram.size() + kHeaderBytes;
        const auto bytes =
            std::make_shared<std::vector<std::uint8_t>>(datagram.begin(), datagram.end());
        for (std::size_t to = 0; to < places_.size(); ++to) {
            if (parts_[to] != parts_[from]) {
                continue;
            }
            at(now_ + delay(100us, 5ms), [this, from, to, bytes] {
                if (places_[to]->discovery != nullptr) {
                    places_[to]->discovery->on_datagram(address_of(from + 1, 7883), *bytes, now_);
                }
            });
        }
    }
    void dial(std::size_t from, std::size_t to) {
        at(now_ + delay(5ms, 30ms), [this, from, to] {
            const bool can = parts_[from] == parts_[to] && places_[to]->discovery != nullptr;
            if (can && links_[from].try_emplace(to, Link{from, now_}).second) {
                links_[to].try_emplace(from, Link{from, now_});
                ++links_made_;
            }
        });
    }
    [[nodiscard]] std::vector<ActiveNeighbor> neighbors_of(std::size_t i) const {
        std::vector<ActiveNeighbor> found;
        for (const auto& [other, link] : links_[i]) {
            found.push_back(
                {.node = id_of_[other],
                 .origin = link.dialler == i ? LinkOrigin::Discovered : LinkOrigin::Accepted,
                 .cost = 10,
                 .since = link.since});
        }
        std::ranges::sort(found, {}, &ActiveNeighbor::node);
        return found;
    }
    [[nodiscard]] std::vector<std::size_t> components() const {
        std::vector<std::size_t> root(places_.size());
        std::iota(root.begin(), root.end(), std::size_t{0});
        const auto find = [&root](std::size_t i) {
            while (root[i] != i) {
                i = root[i] = root[root[i]];
            }
            return i;
        };
        for (std::size_t i = 0; i < links_.size(); ++i) {
            for (const auto& [other, link] : links_[i]) {
                root[find(i)] = find(other);
            }
        }
        for (std::size_t i = 0; i < root.size(); ++i) {
            root[i] = find(i);
        }
        return root;
    }
    void look_around() {
        Knowledge knowledge{.component = components(),
                            .degree = std::vector<std::size_t>(places_.size()),
                            .digest = {}};
        for (std::size_t i = 0; i < links_.size(); ++i) {
            knowledge.digest[knowledge.component[i]] += i + 1;
        }
        for (std::size_t i = 0; i < links_.size(); ++i) {
            knowledge.degree[i] = links_[i].size();
            for (const auto& [other, link] : links_[i]) {
                knowledge.digest[knowledge.component[i]] +=
                    i * 0x9E3779B97F4A7C15U + other * 0xC2B2AE3D27D4EB4FU;
            }
        }
        knowledge_.push_back(std::move(knowledge));
        if (knowledge_.size() > 4) {
            knowledge_.erase(knowledge_.begin());
        }
    }
    [[nodiscard]] const Knowledge& known() const { return knowledge_.front(); }

    Random random_;
    Instant now_ = Instant::from_ns(1'000'000'000);
    std::vector<std::unique_ptr<Place>> places_;
    std::map<NodeId, std::size_t> index_of_;
    std::vector<int> parts_;
    std::vector<std::map<std::size_t, Link>> links_;  // both ends have it
    std::vector<NodeId> id_of_;
    std::priority_queue<Event> events_;
    std::uint64_t next_number_ = 0;
    std::vector<Knowledge> knowledge_;
    std::vector<Instant> learn_;
    std::uint64_t bytes_sent_ = 0;
    std::uint64_t links_made_ = 0;
};

}  // namespace kith::mesh::testing

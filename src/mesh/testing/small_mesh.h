// A few nodes with links between them, in virtual time: enough to see the parts work together.
//
// Links keep order and lose nothing until they are cut. A cut is silent: nobody is told. A node can
// die (its links are told) and come back with what its store had.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "mesh/node.h"
#include "mesh/testing/circuit_log.h"
#include "mesh/testing/fake_trust.h"
#include "mesh/testing/state_keeper.h"
#include "mesh/testing/virtual_time.h"

namespace kith::mesh::testing {

class SmallMesh {
  public:
    explicit SmallMesh(std::size_t count, Duration delay = 1ms) : delay_(delay) {
        for (std::size_t i = 0; i < count; ++i) {
            places_.push_back(std::make_unique<Place>(*this, NodeId(i + 1)));
            places_.back()->start();
        }
    }

    VirtualTime time;

    [[nodiscard]] MeshNode& node(std::uint64_t id) { return *place(id).node; }
    [[nodiscard]] std::vector<std::string>& delivered(std::uint64_t id) {
        return place(id).delivered;
    }
    [[nodiscard]] const std::set<std::uint64_t>& published(std::uint64_t id) {
        return place(id).published;
    }
    [[nodiscard]] const std::map<std::uint64_t, bool>& barriers(std::uint64_t id) {
        return place(id).barriers;
    }

    void link(std::uint64_t a, std::uint64_t b) {
        const LinkId id(++last_link_);
        wires_[id] = {NodeId(a), NodeId(b), false};
        node(a).on_link_up(id, {.node = NodeId(b), .role = place(b).role}, time.now());
        node(b).on_link_up(id, {.node = NodeId(a), .role = place(a).role}, time.now());
        wake(a);
        wake(b);
    }
    /// The one that was made last.
    [[nodiscard]] LinkId last_link() const { return LinkId(last_link_); }
    /// What was cut passes again, over a new link if nodes have given up the old one.
    void mend(std::uint64_t a, std::uint64_t b) {
        bool is_there = false;
        for (auto& [id, wire] : wires_) {
            const bool is_it = wire.joins(NodeId(a), NodeId(b));
            wire.is_cut = wire.is_cut && !is_it;
            is_there = is_there || is_it;
        }
        if (!is_there) {
            link(a, b);
        }
    }
    /// From now on nothing passes between them, and nobody says so.
    void cut(std::uint64_t a, std::uint64_t b) {
        for (auto& [id, wire] : wires_) {
            wire.is_cut = wire.is_cut || wire.joins(NodeId(a), NodeId(b));
        }
    }
    /// The process dies: the sockets of the others say so at once.
    void kill(std::uint64_t id) {
        place(id).node.reset();
        for (auto wire = wires_.begin(); wire != wires_.end();) {
            if (wire->second.a != NodeId(id) && wire->second.b != NodeId(id)) {
                ++wire;
                continue;
            }
            const NodeId other = wire->second.a == NodeId(id) ? wire->second.b : wire->second.a;
            const LinkId link = wire->first;
            wire = wires_.erase(wire);
            if (place(other.value()).node) {
                node(other.value()).on_link_down(link, time.now());
                wake(other.value());
            }
        }
    }
    void restart(std::uint64_t id) { place(id).start(); }
    /// As somebody with the same key and nothing else.
    void wipe(std::uint64_t id) {
        place(id).keeper = {};
        place(id).disk.clear();
        place(id).streams.clear();
    }
    /// The clock on its wall shows so much more; at once, and after a restart.
    void jump_wall(std::uint64_t id, std::chrono::milliseconds by) {
        Place& at = place(id);
        at.wall = at.wall + by;
        if (at.node == nullptr) {
            return;
        }
        node(id).set_wall_time(at.wall + std::chrono::milliseconds(to_ms(time.now() - Instant())),
                               time.now());
    }
    /// From its next start on.
    void set_role(std::uint64_t id, NodeRole role) { place(id).role = role; }

    void subscribe(std::uint64_t id, std::string_view filter) {
        node(id).subscribe({.tenant = 0, .share_group = {}, .filter = filter}, time.now());
        wake(id);
    }
    void barrier(std::uint64_t id, std::uint64_t token) {
        node(id).barrier(token, time.now());
        wake(id);
    }
    void publish(std::uint64_t id, std::string_view topic, std::string_view payload, Qos qos) {
        publish(id, {.topic = topic, .payload = as_bytes(payload), .qos = qos});
    }
    /// Retained; an empty payload deletes.
    void retain(std::uint64_t id, std::string_view topic, std::string_view payload,
                Qos qos = Qos::AtLeastOnce) {
        publish(id, {.topic = topic, .payload = as_bytes(payload), .qos = qos, .retain = true});
    }
    void publish(std::uint64_t id, const Publication& publication) {
        if (publication.retain) {
            place(id).keeper.set(publication.topic, as_text(publication.payload));
        }
        node(id).publish(publication, ++place(id).last_token, time.now());
        wake(id);
    }
    SendOutcome send_to(std::uint64_t id, std::uint64_t destination, std::string_view payload,
                        Qos qos) {
        const SendOutcome outcome = node(id).send_to(NodeId(destination),
                                                     {.topic = "service",
                                                      .properties = {},
                                                      .payload = as_bytes(payload),
                                                      .qos = qos,
                                                      .published_at = {}},
                                                     ++place(id).last_token, time.now());
        wake(id);
        return outcome;
    }
    /// What a node has of retained messages, and told its clients of what it had missed.
    [[nodiscard]] StateKeeper& keeper(std::uint64_t id) { return place(id).keeper; }
    /// Errors: as MeshNode::open_circuit().
    [[nodiscard]] Result<CircuitId> open_circuit(std::uint64_t from, std::uint64_t to) {
        const Result<CircuitId> opened = node(from).open_circuit(NodeId(to), time.now());
        wake(from);
        return opened;
    }
    /// All of it, as there is room for it.
    void send_circuit(std::uint64_t id, const CircuitId& circuit, std::string_view text) {
        place(id).unsent[circuit] += text;
        place(id).move_circuit(circuit);
        wake(id);
    }
    void close_circuit(std::uint64_t id, const CircuitId& circuit, CircuitEnd end) {
        node(id).close_circuit(circuit, end, time.now());
        wake(id);
    }
    [[nodiscard]] CircuitLog& circuits(std::uint64_t id) { return place(id).circuits; }
    /// What came is taken from now on.
    void unstick_circuits(std::uint64_t id) {
        circuits(id).is_stuck = false;
        for (const auto& [circuit, log] : circuits(id).circuits) {
            place(id).move_circuit(circuit);
        }
        wake(id);
    }
    void wake(std::uint64_t id) { place(id).wake(); }
    [[nodiscard]] FakeTrust& trust(std::uint64_t id) { return place(id).trust; }
    /// Why others ended its links.
    [[nodiscard]] const std::vector<GoodbyeReason>& goodbyes(std::uint64_t id) {
        return place(id).goodbyes;
    }
    /// All of its links say that they are full.
    void set_full(std::uint64_t id, bool is_full) { place(id).links_are_full = is_full; }

  private:
    struct Wire {
        NodeId a;
        NodeId b;
        bool is_cut = false;

        [[nodiscard]] bool joins(NodeId one, NodeId other) const {
            return (a == one && b == other) || (a == other && b == one);
        }
    };

    struct Place final : LinkPort, CustodyPort, DeliveryPort, MeshEvents {
        Place(SmallMesh& mesh_in, NodeId self_in) : mesh(mesh_in), self(self_in), trust(self_in) {
            circuits.on_news = [this](const CircuitId& id) {
                later(0ms, [this, id] { move_circuit(id); });
            };
        }

        SmallMesh& mesh;
        NodeId self;
        FakeTrust trust;
        StateKeeper keeper;
        CircuitLog circuits;
        std::map<CircuitId, std::string> unsent;  // that the core had no room for
        NodeRole role = NodeRole::Router;
        WallTime wall = WallTime::from_ms(kClockBelievedFromMs);  // when time began
        std::unique_ptr<MeshNode> node;
        std::uint32_t epoch = 0;
        std::uint64_t last_token = 0;
        bool links_are_full = false;
        std::vector<std::string> delivered;
        std::set<std::uint64_t> published;
        std::map<std::uint64_t, bool> barriers;
        std::vector<GoodbyeReason> goodbyes;
        Instant planned = Instant::never();
        struct Stored {
            Data data;
            std::string topic;
            std::string payload;
        };
        std::map<CustodyTicket, Stored> disk;
        std::map<StreamPosition, StreamProgress> streams;

        void start() {
            MeshOptions options{.self = self, .name = "n" + std::to_string(self.value())};
            options.epoch = ++epoch;
            options.role = role;
            node = std::make_unique<MeshNode>(options,
                                              MeshNode::Ports{.links = *this,
                                                              .trust = trust,
                                                              .custody = *this,
                                                              .delivery = *this,
                                                              .events = *this,
                                                              .state = &keeper,
                                                              .circuits = &circuits},
                                              self.value(), mesh.time.now());
            node->set_wall_time(
                wall + std::chrono::milliseconds(to_ms(mesh.time.now() - Instant())),
                mesh.time.now());
            keeper.restore(*node, mesh.time.now());
            for (auto& [ticket, stored] : disk) {
                stored.data.topic = stored.topic;
                stored.data.payload = as_bytes(stored.payload);
                node->restore(ticket, stored.data, mesh.time.now());
            }
            for (const auto& [stream, progress] : streams) {
                node->restore_stream(stream, progress);
            }
            wake();
        }
        void wake() {
            if (!node || node->deadline() >= planned) {
                return;
            }
            planned = node->deadline();
            mesh.time.at(planned, [this, at = planned] {
                if (planned == at) {
                    planned = Instant::never();
                }
                if (node && node->deadline() <= mesh.time.now()) {
                    node->on_timer(mesh.time.now());
                }
                wake();
            });
        }
        /// In a turn of its own, as ports promise.
        template <typename F>
        void later(Duration delay, F&& action) {
            mesh.time.after(delay, [this, life = epoch, action = std::forward<F>(action)] {
                if (node && life == epoch) {
                    action();
                    wake();
                }
            });
        }

        /// Takes what came, and sends what is to go.
        void move_circuit(const CircuitId& id) {
            CircuitLog::Circuit& log = circuits.circuits[id];
            if (!circuits.is_stuck && log.taken < log.received.size()) {
                const std::size_t news = log.received.size() - log.taken;
                log.taken = log.received.size();
                node->take_circuit(id, news, mesh.time.now());
            }
            if (std::string& text = unsent[id]; !text.empty() && log.is_open) {
                text.erase(0, node->send_circuit(id, as_bytes(text), mesh.time.now()));
            }
        }
        void send(LinkId link, Priority, Bytes head, const SharedBytes& body) override {
            const auto wire = mesh.wires_.find(link);
            if (wire == mesh.wires_.end() || wire->second.is_cut) {
                return;
            }
            std::vector<std::uint8_t> bytes(head.begin(), head.end());
            const Bytes rest = body.bytes();
            bytes.insert(bytes.end(), rest.begin(), rest.end());
            const NodeId to = wire->second.a == self ? wire->second.b : wire->second.a;
            mesh.time.after(mesh.delay_, [this, link, to, bytes = std::move(bytes)] {
                const auto still = mesh.wires_.find(link);
                if (still == mesh.wires_.end() || still->second.is_cut) {
                    return;
                }
                const auto used = mesh.node(to.value()).on_bytes(link, bytes, mesh.time.now());
                CHECK(used && *used == bytes.size());
                mesh.wake(to.value());
            });
        }
        bool is_full(LinkId) const override { return links_are_full; }
        void close(LinkId link, GoodbyeReason) override {
            const auto wire = mesh.wires_.find(link);
            if (wire == mesh.wires_.end()) {
                return;
            }
            const NodeId to = wire->second.a == self ? wire->second.b : wire->second.a;
            mesh.wires_.erase(wire);
            mesh.time.after(mesh.delay_, [this, link, to] {
                if (mesh.place(to.value()).node) {
                    mesh.node(to.value()).on_link_down(link, mesh.time.now());
                    mesh.wake(to.value());
                }
            });
        }
        void store(CustodyTicket ticket, const Data& data) override {
            Stored stored{data, std::string(data.topic), std::string(as_text(data.payload))};
            later(2ms, [this, ticket, stored] {
                disk[ticket] = stored;
                node->on_stored(ticket, mesh.time.now());
            });
        }
        void settle(CustodyTicket ticket, const Destinations& left) override {
            later(2ms, [this, ticket, left] {
                if (left.empty()) {
                    disk.erase(ticket);
                } else if (const auto found = disk.find(ticket); found != disk.end()) {
                    found->second.data.destinations = left;
                }
            });
        }
        void deliver(const Data& data, const StreamProgress& progress,
                     std::uint64_t token) override {
            const std::string text = (data.kind == DataKind::Directed ? "directed " : "") +
                                     std::string(data.topic) + " " +
                                     std::string(as_text(data.payload));
            if (data.state_time != 0) {
                keeper.set(data.topic, as_text(data.payload));
            }
            const Destination& here = data.destinations.front();
            if (!here.for_all && here.groups.empty()) {
                later(0ms, [this, token] { node->on_delivered(token, mesh.time.now()); });
                return;
            }
            if (token == 0) {
                delivered.push_back(text);
                return;
            }
            later(2ms, [this, token, text, stream = stream_of(data), progress] {
                delivered.push_back(text);
                streams[stream] = progress;
                node->on_delivered(token, mesh.time.now());
            });
        }
        void on_published(std::uint64_t token, PublishLevel) override { published.insert(token); }
        void on_barrier(std::uint64_t token, bool is_complete) override {
            barriers[token] = is_complete;
        }
        void on_neighbor(NodeId, NeighborChange) override {}
        void on_goodbye(LinkId, GoodbyeReason reason) override { goodbyes.push_back(reason); }
        void on_drop(DropReason, const Data*) override {}
        void on_routes(std::size_t) override {}
    };

    [[nodiscard]] Place& place(std::uint64_t id) { return *places_[id - 1]; }

    Duration delay_;
    std::vector<std::unique_ptr<Place>> places_;
    std::map<LinkId, Wire> wires_;
    std::uint32_t last_link_ = 0;
};

}  // namespace kith::mesh::testing

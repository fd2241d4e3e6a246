// What the simulator runs in each node: MeshNode, or something that stands in for it.
//
// The functions are those of MeshNode (mesh/node.h), with its contracts. Tests of the simulator
// itself drive a small protocol through them; a rogue peer is one, too.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "mesh/node.h"

namespace kith::sim {

class Participant {
  public:
    Participant() = default;
    virtual ~Participant() = default;
    Participant(const Participant&) = delete;
    Participant& operator=(const Participant&) = delete;

    virtual void restore(mesh::CustodyTicket ticket, const mesh::Data& data, Instant now) = 0;
    virtual void restore_stream(const mesh::StreamPosition& stream,
                                const mesh::StreamProgress& progress) = 0;

    virtual void restore_state(const mesh::State& state, std::uint8_t told, Instant now) {
        static_cast<void>(state), static_cast<void>(told), static_cast<void>(now);
    }
    virtual void set_wall_time(WallTime wall, Instant now) {
        static_cast<void>(wall), static_cast<void>(now);
    }

    virtual void on_link_up(mesh::LinkId link, const mesh::LinkPeer& peer, Instant now) = 0;
    virtual void on_link_down(mesh::LinkId link, Instant now) = 0;
    [[nodiscard]] virtual Result<std::size_t> on_bytes(mesh::LinkId link, Bytes bytes,
                                                       Instant now) = 0;
    virtual void on_timer(Instant now) = 0;
    [[nodiscard]] virtual Instant deadline() const = 0;
    virtual void on_stored(mesh::CustodyTicket ticket, Instant now) = 0;
    virtual void on_delivered(std::uint64_t token, Instant now) = 0;
    virtual void on_fetched(mesh::CustodyTicket ticket, const mesh::Data* content, Instant now) = 0;

    virtual void subscribe(const mesh::Interest& interest, Instant now) = 0;
    virtual void unsubscribe(const mesh::Interest& interest, Instant now) = 0;
    virtual void barrier(std::uint64_t token, Instant now) = 0;
    virtual void publish(const mesh::Publication& publication, std::uint64_t token,
                         Instant now) = 0;

    [[nodiscard]] virtual std::vector<mesh::NeighborView> neighbors() const = 0;
    [[nodiscard]] virtual std::vector<mesh::RouteView> routes() const = 0;
    [[nodiscard]] virtual mesh::Digests digests() const = 0;
    [[nodiscard]] virtual const mesh::MeshCounters& counters() const = 0;
};

/// How a node begins a life.
struct Birth {
    mesh::MeshOptions options;
    mesh::MeshNode::Ports ports;
    std::uint64_t seed = 0;
    Instant now;
};
using ParticipantFactory = std::function<std::unique_ptr<Participant>(const Birth&)>;

}  // namespace kith::sim

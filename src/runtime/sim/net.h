// The simulated kernels and the network between them: ports, connections, datagrams.
//
// It offers each host what the real kernel offers a process: edge-triggered sockets with buffers.
// A connection has two sides; each side has a queue of pieces on their way to the other one. A
// piece carries bytes, an end or a reset, and arrives after its delay, unless a cable is cut. What
// a receiver reads makes room at the sender one delay later.
// Threads: the world's one thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include <sys/uio.h>

#include "base/bytes.h"
#include "runtime/address.h"
#include "runtime/detail/transport_stream.h"
#include "runtime/network.h"
#include "runtime/pollable.h"
#include "runtime/sim/core.h"

namespace kith::runtime::sim {

class SimShard;
struct Machine;

/// One end of a connection.
struct Side {
    Machine* machine = nullptr;
    std::uint32_t boot = 0;  // of its machine when the side was made; an earlier one is dead
    SocketAddress local;
    SocketAddress remote;
    SimShard* shard = nullptr;     // who watches
    Pollable* pollable = nullptr;  // what is told
    bool open = false;             // a socket or an accept queue owns it
    bool established = false;
    int error = 0;
    std::vector<std::uint8_t> received;
    std::size_t read_bytes = 0;  // of `received`
    bool end_received = false;

    // Towards the other side.
    struct Piece {
        Instant arrives_at;
        std::vector<std::uint8_t> bytes;
        bool end = false;
        bool reset = false;
    };
    std::deque<Piece> in_flight;
    Instant last_arrival;
    std::size_t unread_bytes = 0;  // in flight or in the other side's buffer
    std::size_t ack_bytes = 0;     // read there, on the way back
    bool end_sent = false;
    bool write_blocked = false;
};

struct Connection {
    std::uint64_t id = 0;
    std::array<Side, 2> sides;  // 0 connects, 1 accepts
};

/// A listening port. Its owner unlists it.
struct Port {
    SocketAddress address;
    bool shared = false;
    std::size_t backlog = 0;
    SimShard* shard = nullptr;
    Pollable* pollable = nullptr;
    std::deque<Connection*> accepted;
};

/// A datagram port. Its owner unlists it.
struct DatagramPort {
    std::uint64_t id = 0;
    SocketAddress address;
    std::vector<SocketAddress> groups;
    SimShard* shard = nullptr;
    Pollable* pollable = nullptr;
    struct Received {
        SocketAddress from;
        std::vector<std::uint8_t> bytes;
    };
    std::deque<Received> received;
};

/// What the network knows of a host.
struct Machine {
    std::uint32_t number = 0;
    SocketAddress address;
    std::uint32_t boot = 0;
    bool is_down = false;
    bool is_cut = false;
    std::uint16_t next_ephemeral_port = 49152;
    std::vector<Port*> ports;
    std::vector<DatagramPort*> datagram_ports;
};

class Net {
  public:
    explicit Net(Core& core) : core_(core) {}
    [[nodiscard]] Core& core() { return core_; }

    Machine& add_machine();

    // --- System calls ---
    [[nodiscard]] Status listen(Machine& machine, Port& port);
    void close_port(Machine& machine, Port& port);
    /// The caller owns side 0.
    [[nodiscard]] Connection& connect(Machine& machine, const SocketAddress& to);
    [[nodiscard]] long read(Connection& connection, std::size_t side, MutableBytes buffer);
    [[nodiscard]] long write(Connection& connection, std::size_t side, std::span<iovec> vectors);
    void shutdown_write(Connection& connection, std::size_t side);
    void close(Connection& connection, std::size_t side, CloseMode mode);
    void watch(Connection& connection, std::size_t side, SimShard& shard, Pollable& pollable);

    [[nodiscard]] Status open_datagram(Machine& machine, DatagramPort& port);
    void close_datagram(Machine& machine, DatagramPort& port);
    void send_datagram(Machine& machine, const DatagramPort& port, const SocketAddress& to,
                       Bytes bytes);

    // --- Faults ---
    void reset_streams(Machine& machine);
    void cut(Machine& machine) { machine.is_cut = true; }
    void mend(Machine& machine);
    void crash(Machine& machine);
    void restart(Machine& machine);

  private:
    [[nodiscard]] static bool is_cut(const Connection& connection);
    [[nodiscard]] static bool is_dead(const Side& side) { return side.boot != side.machine->boot; }
    [[nodiscard]] std::uint16_t free_port(Machine& machine);
    [[nodiscard]] Machine* machine_of(Machine& from, const SocketAddress& to);
    [[nodiscard]] Port* port_for(Machine& machine, const SocketAddress& to);
    [[nodiscard]] static bool matches(const SocketAddress& listening, const SocketAddress& to);

    [[nodiscard]] Connection* find(std::uint64_t id);
    void request(std::uint64_t id);
    void accept(Connection& connection, Port& port);
    void establish(std::uint64_t id);
    void give_up(std::uint64_t id, int error);
    void send_piece(Connection& connection, std::size_t side, Side::Piece piece);
    void arrive(std::uint64_t id, std::size_t side);
    void deliver(Connection& connection, std::size_t side, const Side::Piece& piece);
    void acknowledge(std::uint64_t id, std::size_t side);
    void notify_later(const Connection& connection, std::size_t side, Readiness readiness);
    static void notify(Side& side, Readiness readiness);
    static void fail_side(Side& side, int error);
    void forget_if_over(const Connection& connection);
    void send_to_group(Machine& from, const SocketAddress& group,
                       const DatagramPort::Received& datagram);
    void launch_datagram(Machine& from, Machine& to, std::uint64_t port,
                         const DatagramPort::Received& datagram);
    void deliver_datagram(const Machine& from, Machine& to, std::uint64_t port,
                          const DatagramPort::Received& datagram);

    Core& core_;
    std::vector<std::unique_ptr<Machine>> machines_;
    std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
    std::uint64_t next_id_ = 1;  // of connections and datagram ports
};

/// A socket of the simulated kernel, as TransportStream wants it.
class SimSocket {
  public:
    static constexpr const char* kTransport = "sim";

    SimSocket(Net& net, Connection& connection, std::size_t side)
        : net_(&net), connection_(&connection), side_(side) {}
    SimSocket(SimSocket&& other) noexcept
        : net_(other.net_),
          connection_(std::exchange(other.connection_, nullptr)),
          side_(other.side_) {}
    SimSocket& operator=(SimSocket&&) = delete;
    ~SimSocket() { close(CloseMode::Reset); }

    [[nodiscard]] long read(MutableBytes buffer) { return net_->read(*connection_, side_, buffer); }
    [[nodiscard]] long write(std::span<iovec> vectors) {
        return net_->write(*connection_, side_, vectors);
    }
    [[nodiscard]] int take_error() { return side().error; }
    void shutdown_write() { net_->shutdown_write(*connection_, side_); }
    void close(CloseMode mode) {
        if (connection_ != nullptr) {
            net_->close(*std::exchange(connection_, nullptr), side_, mode);
        }
    }
    [[nodiscard]] Status watch(Shard& shard, Pollable& pollable);
    void unwatch(Shard&) { side().pollable = nullptr; }

  private:
    [[nodiscard]] Side& side() { return connection_->sides[side_]; }

    Net* net_;
    Connection* connection_;  // null once closed
    std::size_t side_;
};

using SimStream = TransportStream<SimSocket>;

}  // namespace kith::runtime::sim

#include "runtime/sim/net.h"

#include <algorithm>
#include <cerrno>

#include "base/check.h"
#include "base/hash.h"
#include "base/narrow.h"
#include "runtime/limits.h"
#include "runtime/sim/sim_shard.h"

namespace kith::runtime::sim {
namespace {

/// How often a connection request is sent again, and when it is given up; as Linux does.
constexpr Duration kRequestRetry = 1s;
constexpr Duration kRequestTimeout = 127s;

enum TraceEvent : std::uint64_t {
    kDelivered = 1,
    kEnded = 2,
    kReset = 3,
    kAccepted = 4,
    kDatagram = 5
};

constexpr std::size_t other(std::size_t side) {
    return 1 - side;
}

}  // namespace

Machine& Net::add_machine() {
    auto machine = std::make_unique<Machine>();
    machine->number = narrow<std::uint32_t>(machines_.size());
    CHECK(machine->number < 60'000);
    machine->address = SocketAddress::v4({10, 0, static_cast<std::uint8_t>(machine->number / 250),
                                          static_cast<std::uint8_t>(machine->number % 250 + 1)},
                                         0);
    machines_.push_back(std::move(machine));
    return *machines_.back();
}

// --- System calls ---

Status Net::listen(Machine& machine, Port& port) {
    const SocketAddress& address = port.address;
    if (!address.is_any() && !address.is_loopback() && address.ip() != machine.address.ip()) {
        return tl::unexpected(io_error(EADDRNOTAVAIL, ""));
    }
    if (address.port() == 0) {
        port.address = address.with_port(free_port(machine));
    }
    for (const Port* taken : machine.ports) {
        const bool overlap =
            matches(taken->address, port.address) || matches(port.address, taken->address);
        if (overlap && !(taken->shared && port.shared)) {
            return tl::unexpected(io_error(EADDRINUSE, ""));
        }
    }
    machine.ports.push_back(&port);
    return {};
}

void Net::close_port(Machine& machine, Port& port) {
    std::erase(machine.ports, &port);
    while (!port.accepted.empty()) {
        Connection& connection = *port.accepted.front();
        port.accepted.pop_front();
        close(connection, 1, CloseMode::Reset);
    }
}

Connection& Net::connect(Machine& machine, const SocketAddress& to) {
    const std::uint64_t id = next_id_++;
    Connection& connection =
        *connections_.emplace(id, std::make_unique<Connection>()).first->second;
    connection.id = id;
    Side& side = connection.sides[0];
    side.machine = &machine;
    side.boot = machine.boot;
    side.open = true;
    side.remote = to;
    side.local = (to.is_loopback() ? SocketAddress::loopback(0) : machine.address)
                     .with_port(free_port(machine));
    connection.sides[1].machine = machine_of(machine, to);
    core_.after(core_.network_delay(), [this, id] { request(id); });
    core_.after(kRequestTimeout, [this, id] { give_up(id, ETIMEDOUT); });
    return connection;
}

long Net::read(Connection& connection, std::size_t side, MutableBytes buffer) {
    Side& me = connection.sides[side];
    const std::size_t available = me.received.size() - me.read_bytes;
    if (available == 0 || is_dead(me)) {
        return me.error != 0 ? -me.error : me.end_received && !is_dead(me) ? 0 : -EAGAIN;
    }
    const std::size_t count = core_.piece_of(std::min(available, buffer.size()));
    std::copy_n(me.received.begin() + static_cast<std::ptrdiff_t>(me.read_bytes), count,
                buffer.begin());
    me.read_bytes += count;
    if (me.read_bytes * 2 >= me.received.size()) {
        me.received.erase(me.received.begin(),
                          me.received.begin() + static_cast<std::ptrdiff_t>(me.read_bytes));
        me.read_bytes = 0;
    }
    Side& peer = connection.sides[other(side)];
    if (peer.ack_bytes == 0) {
        core_.after(core_.network_delay(),
                    [this, id = connection.id, side] { acknowledge(id, other(side)); });
    }
    peer.ack_bytes += count;
    if (count < available && count < buffer.size()) {
        notify_later(connection, side, Readiness::Readable);
    }
    return narrow<long>(count);
}

long Net::write(Connection& connection, std::size_t side, std::span<iovec> vectors) {
    Side& me = connection.sides[side];
    if (me.error != 0 || me.end_sent || is_dead(me)) {
        return me.error != 0 ? -me.error : -EPIPE;
    }
    std::size_t offered_bytes = 0;
    for (const iovec& vector : vectors) {
        offered_bytes += vector.iov_len;
    }
    const std::size_t room = core_.options.window_bytes - me.unread_bytes;
    if (room == 0) {
        me.write_blocked = true;
        return -EAGAIN;
    }
    const std::size_t count = core_.piece_of(std::min(offered_bytes, room));
    Side::Piece piece;
    for (const iovec& vector : vectors) {
        const auto* bytes = static_cast<const std::uint8_t*>(vector.iov_base);
        const std::size_t wanted = std::min(vector.iov_len, count - piece.bytes.size());
        piece.bytes.insert(piece.bytes.end(), bytes, bytes + wanted);
    }
    me.unread_bytes += count;
    send_piece(connection, side, std::move(piece));
    if (count < offered_bytes) {
        me.write_blocked = true;
        if (count < room) {  // cut short by chance alone: no acknowledgement will end the wait
            notify_later(connection, side, Readiness::Writable);
        }
    }
    return narrow<long>(count);
}

void Net::shutdown_write(Connection& connection, std::size_t side) {
    Side& me = connection.sides[side];
    if (me.error == 0 && !me.end_sent && !is_dead(me)) {
        me.end_sent = true;
        send_piece(connection, side, {.arrives_at = {}, .bytes = {}, .end = true});
    }
}

void Net::close(Connection& connection, std::size_t side, CloseMode mode) {
    Side& me = connection.sides[side];
    me.pollable = nullptr;
    me.open = false;
    if (me.established && me.error == 0 && !is_dead(me)) {
        // As Linux does: unread input turns an orderly close into a reset.
        if (mode == CloseMode::Reset || !me.received.empty()) {
            send_piece(connection, side,
                       {.arrives_at = {}, .bytes = {}, .end = false, .reset = true});
        } else {
            shutdown_write(connection, side);
        }
    }
    me.received.clear();
    me.read_bytes = 0;
    forget_if_over(connection);
}

void Net::watch(Connection& connection, std::size_t side, SimShard& shard, Pollable& pollable) {
    Side& me = connection.sides[side];
    me.shard = &shard;
    me.pollable = &pollable;
    Readiness present = Readiness::None;
    if (!me.received.empty()) {
        present = present | Readiness::Readable;
    }
    if (me.end_received) {
        present = present | Readiness::Readable | Readiness::HungUp;
    }
    if (me.error != 0) {
        present = present | Readiness::Readable | Readiness::HungUp | Readiness::Failed;
    }
    if (me.established && me.unread_bytes < core_.options.window_bytes) {
        present = present | Readiness::Writable;
    }
    if (present != Readiness::None) {
        notify(me, present);
    }
}

// --- Connecting ---

Connection* Net::find(std::uint64_t id) {
    const auto found = connections_.find(id);
    return found == connections_.end() ? nullptr : found->second.get();
}

void Net::request(std::uint64_t id) {
    Connection* connection = find(id);
    if (connection == nullptr) {
        return;
    }
    Side& client = connection->sides[0];
    if (!client.open || client.error != 0 || is_dead(client)) {
        return;
    }
    Machine* target = connection->sides[1].machine;
    if (target == nullptr) {
        give_up(id, EHOSTUNREACH);
        return;
    }
    if (is_cut(*connection) || target->is_down) {
        core_.after(kRequestRetry, [this, id] { request(id); });
        return;
    }
    Port* port = port_for(*target, client.remote);
    if (port == nullptr) {
        core_.after(core_.network_delay(), [this, id] { give_up(id, ECONNREFUSED); });
        return;
    }
    if (port->accepted.size() >= port->backlog) {
        core_.after(kRequestRetry, [this, id] { request(id); });
        return;
    }
    accept(*connection, *port);
}

void Net::accept(Connection& connection, Port& port) {
    const Side& client = connection.sides[0];
    Side& server = connection.sides[1];
    server.boot = server.machine->boot;
    server.local = client.remote;
    server.remote = client.local;
    server.open = true;
    server.established = true;
    // What the server sends cannot arrive before its consent does.
    server.last_arrival = core_.now() + core_.network_delay();
    core_.record(kAccepted, connection.id, server.machine->number);
    core_.at(server.last_arrival, [this, id = connection.id] { establish(id); });
    port.accepted.push_back(&connection);
    port.shard->notify(*port.pollable, Readiness::Readable);
}

void Net::establish(std::uint64_t id) {
    Connection* connection = find(id);
    if (connection == nullptr || connection->sides[0].error != 0) {
        return;
    }
    if (!connection->sides[0].open) {  // closed while it was connecting
        send_piece(*connection, 0, {.arrives_at = {}, .bytes = {}, .end = false, .reset = true});
        return;
    }
    if (is_cut(*connection)) {
        core_.after(kRequestRetry, [this, id] { establish(id); });
        return;
    }
    connection->sides[0].established = true;
    notify(connection->sides[0], Readiness::Writable);
    arrive(id, 1);
}

void Net::give_up(std::uint64_t id, int error) {
    Connection* connection = find(id);
    if (connection != nullptr && !connection->sides[0].established) {
        fail_side(connection->sides[0], error);
    }
}

// --- On the wire ---

void Net::send_piece(Connection& connection, std::size_t side, Side::Piece piece) {
    Side& me = connection.sides[side];
    me.last_arrival = std::max(me.last_arrival, core_.now() + core_.network_delay());
    piece.arrives_at = me.last_arrival;
    me.in_flight.push_back(std::move(piece));
    core_.at(me.last_arrival, [this, id = connection.id, side] { arrive(id, side); });
}

void Net::arrive(std::uint64_t id, std::size_t side) {
    Connection* connection = find(id);
    if (connection == nullptr || is_cut(*connection)) {
        return;  // mend() goes on with what waits
    }
    if (side == 1 && !connection->sides[0].established) {
        if (connection->sides[0].open && connection->sides[0].error == 0) {
            return;  // establish() goes on
        }
    }
    Side& sender = connection->sides[side];
    while (!sender.in_flight.empty() && sender.in_flight.front().arrives_at <= core_.now()) {
        const Side::Piece piece = std::move(sender.in_flight.front());
        sender.in_flight.pop_front();
        deliver(*connection, side, piece);
    }
    forget_if_over(*connection);
}

void Net::deliver(Connection& connection, std::size_t side, const Side::Piece& piece) {
    Side& to = connection.sides[other(side)];
    if (is_dead(to) || !to.open) {
        // A machine that is off is silent; one that knows nothing of the connection resets it.
        const bool answers = !to.machine->is_down && !piece.reset && !piece.end;
        if (answers) {
            send_piece(connection, other(side),
                       {.arrives_at = {}, .bytes = {}, .end = false, .reset = true});
        }
        return;
    }
    const std::uint64_t who = connection.id * 2 + side;
    if (piece.reset) {
        core_.record(kReset, who, 0);
        fail_side(to, ECONNRESET);
        return;
    }
    if (piece.end) {
        core_.record(kEnded, who, 0);
        to.end_received = true;
        notify(to, Readiness::Readable | Readiness::HungUp);
        return;
    }
    core_.record(kDelivered, who, hash_bytes(piece.bytes));
    to.received.insert(to.received.end(), piece.bytes.begin(), piece.bytes.end());
    notify(to, Readiness::Readable);
}

void Net::acknowledge(std::uint64_t id, std::size_t side) {
    Connection* connection = find(id);
    if (connection == nullptr || is_cut(*connection)) {
        return;  // mend() goes on with what waits
    }
    Side& me = connection->sides[side];
    me.unread_bytes -= std::min(me.unread_bytes, std::exchange(me.ack_bytes, 0));
    if (std::exchange(me.write_blocked, false)) {
        notify(me, Readiness::Writable);
    }
}

void Net::notify_later(const Connection& connection, std::size_t side, Readiness readiness) {
    core_.after(core_.local_delay(), [this, id = connection.id, side, readiness] {
        if (Connection* found = find(id); found != nullptr) {
            if (readiness == Readiness::Writable) {
                found->sides[side].write_blocked = false;
            }
            notify(found->sides[side], readiness);
        }
    });
}

void Net::notify(Side& side, Readiness readiness) {
    if (side.pollable != nullptr && !is_dead(side)) {
        side.shard->notify(*side.pollable, readiness);
    }
}

void Net::fail_side(Side& side, int error) {
    if (side.error != 0 || is_dead(side)) {
        return;
    }
    side.error = error;
    side.in_flight.clear();
    notify(side, Readiness::Readable | Readiness::Writable | Readiness::HungUp | Readiness::Failed);
}

void Net::forget_if_over(const Connection& connection) {
    const auto over = [](const Side& side) { return !side.open && side.in_flight.empty(); };
    if (over(connection.sides[0]) && over(connection.sides[1])) {
        connections_.erase(connection.id);
    }
}

// --- Faults ---

void Net::reset_streams(Machine& machine) {
    for (const auto& [id, connection] : connections_) {
        auto& [client, server] = connection->sides;
        const bool here = client.machine == &machine || server.machine == &machine;
        if (here && server.established) {
            core_.record(kReset, id, machine.number);
            fail_side(client, ECONNRESET);
            fail_side(server, ECONNRESET);
        }
    }
}

void Net::mend(Machine& machine) {
    machine.is_cut = false;
    for (const auto& [id, connection] : connections_) {
        if (is_cut(*connection)) {
            continue;
        }
        for (std::size_t side = 0; side < 2; ++side) {
            Side& sender = connection->sides[side];
            if (!sender.in_flight.empty()) {
                Side::Piece& first = sender.in_flight.front();
                first.arrives_at = std::max(first.arrives_at, core_.now() + core_.network_delay());
                core_.at(first.arrives_at, [this, id = id, side] { arrive(id, side); });
            }
            if (sender.ack_bytes > 0) {
                core_.after(core_.network_delay(),
                            [this, id = id, side] { acknowledge(id, side); });
            }
        }
    }
}

void Net::crash(Machine& machine) {
    machine.is_down = true;
    ++machine.boot;
    for (Port* port : machine.ports) {
        for (Connection* connection : port->accepted) {
            connection->sides[1].open = false;
        }
        port->accepted.clear();
    }
    machine.ports.clear();
    machine.datagram_ports.clear();
}

void Net::restart(Machine& machine) {
    machine.is_down = false;
}

// --- Addresses ---

bool Net::matches(const SocketAddress& listening, const SocketAddress& to) {
    return listening.port() == to.port() && (listening.is_any() || listening.ip() == to.ip());
}

bool Net::is_cut(const Connection& connection) {
    const auto& [client, server] = connection.sides;
    // Loopback needs no cable.
    return client.machine != server.machine && server.machine != nullptr &&
           (client.machine->is_cut || server.machine->is_cut);
}

std::uint16_t Net::free_port(Machine& machine) {
    // Every port of a simulated host is used once only, as far as the range goes.
    if (machine.next_ephemeral_port == 0) {
        machine.next_ephemeral_port = 49152;
    }
    return machine.next_ephemeral_port++;
}

Machine* Net::machine_of(Machine& from, const SocketAddress& to) {
    if (to.is_loopback() || to.is_any()) {
        return &from;
    }
    const auto found = std::find_if(machines_.begin(), machines_.end(), [&](const auto& machine) {
        return machine->address.ip() == to.ip();
    });
    return found == machines_.end() ? nullptr : found->get();
}

Port* Net::port_for(Machine& machine, const SocketAddress& to) {
    std::vector<Port*> listening;
    for (Port* port : machine.ports) {
        if (matches(port->address, to)) {
            listening.push_back(port);
        }
    }
    return listening.empty() ? nullptr : listening[core_.random.below(listening.size())];
}

Status SimSocket::watch(Shard& shard, Pollable& pollable) {
    net_->watch(*connection_, side_, static_cast<SimShard&>(shard), pollable);
    return {};
}

}  // namespace kith::runtime::sim

// The datagram half of the simulated network: unordered, lossy, doubled.

#include <algorithm>
#include <cerrno>

#include "base/hash.h"
#include "runtime/limits.h"
#include "runtime/sim/net.h"
#include "runtime/sim/sim_shard.h"

namespace kith::runtime::sim {
namespace {

constexpr std::uint64_t kDatagramEvent = 0x200;

}  // namespace

Status Net::open_datagram(Machine& machine, DatagramPort& port) {
    const SocketAddress& address = port.address;
    if (!address.is_any() && !address.is_loopback() && !address.is_multicast() &&
        address.ip() != machine.address.ip()) {
        return tl::unexpected(io_error(EADDRNOTAVAIL, ""));
    }
    if (address.port() == 0) {
        port.address = address.with_port(free_port(machine));
    }
    for (const DatagramPort* taken : machine.datagram_ports) {
        const bool overlap =
            matches(taken->address, port.address) || matches(port.address, taken->address);
        if (overlap && !(taken->address.is_multicast() && port.address.is_multicast())) {
            return tl::unexpected(io_error(EADDRINUSE, ""));
        }
    }
    port.id = next_id_++;
    machine.datagram_ports.push_back(&port);
    return {};
}

void Net::close_datagram(Machine& machine, DatagramPort& port) {
    std::erase(machine.datagram_ports, &port);
}

void Net::send_datagram(Machine& machine, const DatagramPort& port, const SocketAddress& to,
                        Bytes bytes) {
    const auto& own = machine.datagram_ports;
    if (std::find(own.begin(), own.end(), &port) == own.end()) {
        return;  // of a machine that has crashed
    }
    const SocketAddress source = to.is_loopback() ? SocketAddress::loopback(0) : machine.address;
    const DatagramPort::Received datagram{.from = source.with_port(port.address.port()),
                                          .bytes = {bytes.begin(), bytes.end()}};
    if (to.is_multicast()) {
        send_to_group(machine, to, datagram);
        return;
    }
    Machine* target = machine_of(machine, to);
    if (target == nullptr) {
        return;
    }
    for (const DatagramPort* there : target->datagram_ports) {
        if (matches(there->address, to)) {
            launch_datagram(machine, *target, there->id, datagram);
        }
    }
}

void Net::send_to_group(Machine& from, const SocketAddress& group,
                        const DatagramPort::Received& datagram) {
    for (const auto& target : machines_) {
        for (const DatagramPort* there : target->datagram_ports) {
            const bool is_joined =
                std::any_of(there->groups.begin(), there->groups.end(),
                            [&](const SocketAddress& joined) { return joined.ip() == group.ip(); });
            if (is_joined && there->address.port() == group.port()) {
                launch_datagram(from, *target, there->id, datagram);
            }
        }
    }
}

void Net::launch_datagram(Machine& from, Machine& to, std::uint64_t port,
                          const DatagramPort::Received& datagram) {
    if (core_.random.chance(core_.options.datagram_loss)) {
        return;
    }
    const int copies = core_.random.chance(core_.options.datagram_double) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
        core_.after(core_.network_delay(), [this, &from, &to, port, datagram] {
            deliver_datagram(from, to, port, datagram);
        });
    }
}

void Net::deliver_datagram(const Machine& from, Machine& to, std::uint64_t port,
                           const DatagramPort::Received& datagram) {
    if (&from != &to && (from.is_cut || to.is_cut)) {
        return;
    }
    const auto found = std::find_if(to.datagram_ports.begin(), to.datagram_ports.end(),
                                    [&](const DatagramPort* there) { return there->id == port; });
    if (found == to.datagram_ports.end()) {
        return;  // closed, or the machine is down
    }
    DatagramPort& there = **found;
    core_.record(kDatagramEvent, port, hash_bytes(datagram.bytes));
    if (there.received.size() >= kDatagramsPerTurnMax) {
        ++there.shard->counters().datagrams_dropped;
        return;
    }
    there.received.push_back(datagram);
    there.shard->notify(*there.pollable, Readiness::Readable);
}

}  // namespace kith::runtime::sim

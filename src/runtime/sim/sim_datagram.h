// A datagram port of a simulated host. Threads: the world's one thread.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "runtime/datagram.h"
#include "runtime/limits.h"
#include "runtime/sim/net.h"
#include "runtime/sim/sim_shard.h"

namespace kith::runtime::sim {

class SimDatagram final : public Datagram, private Pollable {
  public:
    /// A machine has one.
    static constexpr InterfaceId kInterface{1};

    [[nodiscard]] static Result<std::unique_ptr<Datagram>> open(SimShard& shard, Net& net,
                                                                const SocketAddress& local,
                                                                DatagramHandler& handler) {
        auto datagram = std::make_unique<SimDatagram>(shard, net, local, handler);
        TRY(net.open_datagram(shard.machine(), datagram->port_));
        return std::unique_ptr<Datagram>(std::move(datagram));
    }

    SimDatagram(SimShard& shard, Net& net, const SocketAddress& local, DatagramHandler& handler)
        : shard_(shard), net_(net), handler_(handler) {
        port_.address = local;
        port_.shard = &shard;
        port_.pollable = this;
    }
    ~SimDatagram() override {
        shard_.leave_dispatch(*this);
        net_.close_datagram(shard_.machine(), port_);
    }

    [[nodiscard]] Status send_to(const SocketAddress& to, Bytes bytes) override {
        if (bytes.size() > kDatagramBytesMax) {
            ++shard_.counters().datagrams_dropped;
            return fail(ErrorKind::Limit, "the datagram is too large");
        }
        net_.send_datagram(shard_.machine(), port_, to, bytes);
        return {};
    }
    [[nodiscard]] Status send_out_of(InterfaceId, const SocketAddress& to, Bytes bytes) override {
        return send_to(to, bytes);
    }
    [[nodiscard]] SocketAddress local() const override { return port_.address; }
    [[nodiscard]] Status join(const SocketAddress& group) override {
        if (!group.is_multicast()) {
            return fail(ErrorKind::Invalid, "not a multicast group of the port's family");
        }
        if (std::ranges::find(port_.groups, group) == port_.groups.end()) {
            port_.groups.push_back(group);
        }
        return {};
    }

  private:
    void on_ready(Readiness) override {
        while (!port_.received.empty()) {
            const DatagramPort::Received datagram = std::move(port_.received.front());
            port_.received.pop_front();
            if (!shard_.dispatch(*this,
                                 [&] { handler_.on_datagram(datagram.from, datagram.bytes); })) {
                return;
            }
        }
    }

    SimShard& shard_;
    Net& net_;
    DatagramPort port_;
    DatagramHandler& handler_;
};

}  // namespace kith::runtime::sim

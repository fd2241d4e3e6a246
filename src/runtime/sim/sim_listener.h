// A listening port of a simulated host. Threads: the world's one thread.
#pragma once

#include <memory>

#include "runtime/network.h"
#include "runtime/sim/net.h"
#include "runtime/sim/sim_shard.h"

namespace kith::runtime::sim {

class SimListener final : public Listener, private Pollable {
  public:
    [[nodiscard]] static Result<std::unique_ptr<Listener>> open(SimShard& shard, Net& net,
                                                                const ListenOptions& options,
                                                                AcceptHandler& handler) {
        auto listener = std::make_unique<SimListener>(shard, net, options, handler);
        TRY(net.listen(shard.machine(), listener->port_));
        return std::unique_ptr<Listener>(std::move(listener));
    }

    SimListener(SimShard& shard, Net& net, const ListenOptions& options, AcceptHandler& handler)
        : shard_(shard), net_(net), handler_(handler) {
        port_.address = options.address;
        port_.shared = options.shared;
        port_.backlog = static_cast<std::size_t>(options.backlog);
        port_.shard = &shard;
        port_.pollable = this;
    }
    ~SimListener() override {
        shard_.leave_dispatch(*this);
        net_.close_port(shard_.machine(), port_);
    }

    [[nodiscard]] SocketAddress local() const override { return port_.address; }

  private:
    void on_ready(Readiness) override {
        for (std::size_t i = 0; i < kAcceptsPerTurnMax && !port_.accepted.empty(); ++i) {
            Connection& connection = *port_.accepted.front();
            port_.accepted.pop_front();
            ++shard_.counters().streams_accepted;
            auto stream =
                std::make_unique<SimStream>(shard_, SimSocket(net_, connection, 1),
                                            connection.sides[1].remote, SimStream::State::Open);
            stream->start();
            if (!shard_.dispatch(*this, [&] { handler_.on_accept(std::move(stream)); })) {
                return;
            }
        }
        if (!port_.accepted.empty()) {
            shard_.mark_ready(*this, Readiness::Readable);
        }
    }

    SimShard& shard_;
    Net& net_;
    Port port_;
    AcceptHandler& handler_;
};

}  // namespace kith::runtime::sim

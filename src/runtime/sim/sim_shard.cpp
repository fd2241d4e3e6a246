#include "runtime/sim/sim_shard.h"

#include <algorithm>

#include "base/check.h"
#include "runtime/limits.h"
#include "runtime/sim/sim_datagram.h"
#include "runtime/sim/sim_listener.h"

namespace kith::runtime::sim {
namespace {

constexpr std::uint64_t kTurnEvent = 0x100;

}  // namespace

SimShard::SimShard(Net& net, Machine& machine, const ShardOptions& options, const Log& log)
    : Shard(options, log, net.core().now()),
      core_(net.core()),
      net_(net),
      machine_(machine),
      inboxes_(options.shard_count) {
    network_ = this;
    refresh_clock();
}

SimShard::~SimShard() {
    drop_undelivered();
}

void SimShard::connect_peers(const std::vector<std::unique_ptr<SimShard>>& shards) {
    for (const auto& shard : shards) {
        peers_.push_back(shard.get());
    }
}

void SimShard::notify(Pollable& pollable, Readiness readiness) {
    mark_ready(pollable, readiness);
    wake();
}

void SimShard::post_completion_later(Duration delay, std::unique_ptr<Mail> mail) {
    const std::uint64_t number = next_later_++;
    later_.emplace(number, std::move(mail));
    core_.after(delay, [this, number] {
        // Gone if the shard has been taken apart; shards outlive the events of their world.
        if (auto node = later_.extract(number); !node.empty() && !dead_) {
            post_completion(std::move(node.mapped()));
        }
    });
}

void SimShard::look_for_work() {
    if (has_work()) {
        wake();
    }
    schedule(next_deadline());
}

void SimShard::refresh_clock() {
    now_ = core_.now();
    wall_now_ = core_.wall_now();
}

void SimShard::thaw() {
    frozen_ = false;
    wake();
}

void SimShard::drop_undelivered() {
    drop_mail();
    later_.clear();
    for (auto& inbox : inboxes_) {
        inbox.clear();
    }
}

void SimShard::turn() {
    scheduled_at_ = Instant::never();
    if (stopped_ || frozen_ || dead_) {
        return;
    }
    core_.record(kTurnEvent, machine_.number, id().value());
    run_turn(core_.now(), core_.wall_now());
    const bool has_mail = std::any_of(inboxes_.begin(), inboxes_.end(),
                                      [](const auto& inbox) { return !inbox.empty(); });
    if (has_work() || has_mail) {
        wake();
    }
    schedule(next_deadline());
}

void SimShard::schedule(Instant when) {
    if (when >= scheduled_at_ || dead_) {
        return;
    }
    scheduled_at_ = when;
    core_.at(when, [this, number = ++schedule_number_] {
        if (number == schedule_number_) {
            turn();
        }
    });
}

void SimShard::wake() {
    schedule(core_.now() + core_.local_delay());
}

void SimShard::post_to_peer(ShardId to, std::unique_ptr<Mail> mail) {
    SimShard& peer = *peers_.at(to.value());
    peer.inboxes_[id().value()].push_back(std::move(mail));
    peer.wake();
}

void SimShard::receive_mail() {
    for (auto& inbox : inboxes_) {
        std::size_t count = inbox.size();
        if (count > 0 && core_.random.chance(0.25)) {
            count = core_.random.below(count + 1);
        }
        for (; count > 0; --count) {
            const std::unique_ptr<Mail> mail = std::move(inbox.front());
            inbox.pop_front();
            mail->deliver(*this);
        }
    }
}

Result<std::unique_ptr<Listener>> SimShard::listen(const ListenOptions& options,
                                                   AcceptHandler& handler) {
    return SimListener::open(*this, net_, options, handler);
}

Result<std::unique_ptr<Stream>> SimShard::connect(const SocketAddress& to, StreamHandler& handler) {
    auto stream = std::make_unique<SimStream>(*this, SimSocket(net_, net_.connect(machine_, to), 0),
                                              to, SimStream::State::Connecting);
    stream->set_handler(&handler);
    stream->start();
    return std::unique_ptr<Stream>(std::move(stream));
}

Result<std::unique_ptr<Datagram>> SimShard::open_datagram(const DatagramOptions& options,
                                                          DatagramHandler& handler) {
    return SimDatagram::open(*this, net_, options.local, handler);
}

std::vector<NetworkInterface> SimShard::interfaces() const {
    return {{.id = SimDatagram::kInterface,
             .name = "sim0",
             .is_loopback = false,
             .carries_multicast = true,
             .addresses = {machine_.address.with_port(0)}}};
}

}  // namespace kith::runtime::sim

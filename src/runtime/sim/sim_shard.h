// A shard of a simulated host: the common turn, driven by events of virtual time.
//
// A turn takes no time of its own; it follows whatever made it necessary after a short delay drawn
// by the seed, so that the shards of a world run in ever different orders. Of what a peer shard has
// posted, a turn may see only the first part, as with real threads.
// Threads: the world's one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "runtime/network.h"
#include "runtime/shard.h"
#include "runtime/sim/net.h"

namespace kith::runtime::sim {

class SimShard final : public Shard, private Network {
  public:
    SimShard(Net& net, Machine& machine, const ShardOptions& options, const Log& log);
    ~SimShard() override;

    void connect_peers(const std::vector<std::unique_ptr<SimShard>>& shards);

    void stop() override { stopped_ = true; }

    /// Readiness from the simulated kernel.
    void notify(Pollable& pollable, Readiness readiness);

    /// A completion that arrives later.
    void post_completion_later(Duration delay, std::unique_ptr<Mail> mail);

    /// The test has used the shard outside of its turns: looks for work, or brings the clock up.
    void look_for_work();
    void refresh_clock();

    void freeze() { frozen_ = true; }
    void thaw();
    /// Runs no more turns.
    void kill() { dead_ = true; }

    /// Requires: no turn follows.
    void drop_undelivered();

    [[nodiscard]] Machine& machine() { return machine_; }

  private:
    void post_to_peer(ShardId to, std::unique_ptr<Mail> mail) override;
    void receive_mail() override;
    void wake_peers() override {}  // posting has woken them
    void wake() override;

    void schedule(Instant when);
    void turn();

    [[nodiscard]] Result<std::unique_ptr<Listener>> listen(const ListenOptions& options,
                                                           AcceptHandler& handler) override;
    [[nodiscard]] Result<std::unique_ptr<Stream>> connect(const SocketAddress& to,
                                                          StreamHandler& handler) override;
    [[nodiscard]] Result<std::unique_ptr<Datagram>> open_datagram(
        const DatagramOptions& options, DatagramHandler& handler) override;
    [[nodiscard]] std::vector<NetworkInterface> interfaces() const override;

    Core& core_;
    Net& net_;
    Machine& machine_;
    std::vector<SimShard*> peers_;
    std::vector<std::deque<std::unique_ptr<Mail>>> inboxes_;  // by sender
    std::map<std::uint64_t, std::unique_ptr<Mail>> later_;    // completions under way
    std::uint64_t next_later_ = 0;
    Instant scheduled_at_ = Instant::never();
    std::uint64_t schedule_number_ = 0;  // only the last scheduled turn counts
    bool stopped_ = false;
    bool frozen_ = false;
    bool dead_ = false;
};

}  // namespace kith::runtime::sim

// A shard on a thread of its own, over epoll.
//
// Sleeping and waking: before a poll that may wait, the shard announces that it sleeps and then
// looks once more for mail, completions and stop(). Who leaves something for it looks at that
// announcement afterwards, and writes the eventfd only if it was set. Both sides use atomic
// read-modify-write operations on one flag, so that at least one of them sees the other.
//
// Lent turns: where little happens, waking a thread takes longer than what it is woken for. A shard
// whose own turn was short therefore runs the turn of a sleeping peer that it has posted to itself,
// on its own thread, and the peer's thread sleeps on. Who runs a turn holds the shard's
// turn_mutex_; a shard gives it up only while it sleeps. The sleeping thread waits on the epoll
// descriptor without taking events from it, because a lent turn may destroy what they point to.
//
// Threads: run() on the shard's thread; everything shard-local on the thread that holds its
// turn_mutex_; wake(), stop() and post_completion() from any thread.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/epoll/file_descriptor.h"
#include "runtime/epoll/mailbox.h"
#include "runtime/network.h"
#include "runtime/shard.h"

namespace kith::runtime {

/// Streams want both. A datagram socket reports Writable after every send: those only read.
enum class Interest : std::uint8_t { Read, ReadWrite };

class EpollShard final : public Shard, private Network {
  public:
    [[nodiscard]] static Result<std::unique_ptr<EpollShard>> create(const ShardOptions& options,
                                                                    const Log& log);
    ~EpollShard() override;

    [[nodiscard]] static EpollShard& of(Shard& shard) { return static_cast<EpollShard&>(shard); }

    /// By shard number; called once, before any of them runs.
    void connect_peers(const std::vector<std::unique_ptr<EpollShard>>& shards);

    /// Turns until stop().
    void run();
    void stop() override;

    /// Drops undelivered mail. Requires: no shard runs any more.
    void drop_undelivered();

    /// Edge-triggered readiness of `fd` from now on, what is present included.
    [[nodiscard]] Status watch(int fd, Pollable& pollable, Interest interest);
    void unwatch(int fd);

  private:
    EpollShard(const ShardOptions& options, const Log& log, FileDescriptor epoll,
               FileDescriptor wakeup);

    void post_to_peer(ShardId to, std::unique_ptr<Mail> mail) override;
    void receive_mail() override;
    void wake_peers() override;
    void wake() override;
    [[nodiscard]] bool may_use() const override;
    bool wake_if_asleep();
    void interrupt_sleep();

    void poll();
    bool take_events();
    void sleep();
    [[nodiscard]] bool may_sleep();
    [[nodiscard]] bool can_lend() const;
    void lend_turns();
    /// On a peer's thread: runs a turn of this shard, if it sleeps.
    void run_lent_turn();
    [[nodiscard]] Mailbox& outbox(std::size_t to);
    [[nodiscard]] int sleep_ms();

    [[nodiscard]] Result<std::unique_ptr<Listener>> listen(const ListenOptions& options,
                                                           AcceptHandler& handler) override;
    [[nodiscard]] Result<std::unique_ptr<Stream>> connect(const SocketAddress& to,
                                                          StreamHandler& handler) override;
    [[nodiscard]] Result<std::unique_ptr<Datagram>> open_datagram(
        const DatagramOptions& options, DatagramHandler& handler) override;
    [[nodiscard]] std::vector<NetworkInterface> interfaces() const override;

    FileDescriptor epoll_;
    FileDescriptor wakeup_;  // an eventfd, edge-triggered: never read
    std::vector<EpollShard*> peers_;
    std::vector<std::unique_ptr<Mailbox>> inboxes_;  // by sender
    std::vector<bool> posted_to_;                    // in this turn, by receiver
    std::vector<bool> lend_to_;                      // after this turn, by receiver
    bool has_to_lend_ = false;                       // some of it
    bool has_posted_ = false;                        // some of it, or an overflow is left

    // Held by the thread that runs a turn. Shard-local state is guarded by it.
    std::mutex turn_mutex_;
    bool is_lent_ = false;                 // this turn is run by a peer's thread
    Instant sleeps_until_;                 // while its thread sleeps
    std::atomic<std::thread::id> thread_;  // that runs it, if one does

    alignas(64) std::atomic<bool> asleep_ = false;
    std::atomic<bool> stopping_ = false;
};

}  // namespace kith::runtime

// A shard on a thread of its own, over epoll.
//
// Sleeping and waking: before a poll that may wait, the shard announces that it sleeps and then
// looks once more for mail, completions and stop(). Who leaves something for it looks at that
// announcement afterwards, and writes the eventfd only if it was set. Both sides use atomic
// read-modify-write operations on one flag, so that at least one of them sees the other.
//
// Threads: run() and everything shard-local on the shard's thread; wake(), stop() and
// post_completion() from any thread.
#pragma once

#include <atomic>
#include <memory>
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

    void poll();
    [[nodiscard]] bool may_sleep();
    [[nodiscard]] Mailbox& outbox(std::size_t to);
    [[nodiscard]] int sleep_ms();

    [[nodiscard]] Result<std::unique_ptr<Listener>> listen(const ListenOptions& options,
                                                           AcceptHandler& handler) override;
    [[nodiscard]] Result<std::unique_ptr<Stream>> connect(const SocketAddress& to,
                                                          StreamHandler& handler) override;
    [[nodiscard]] Result<std::unique_ptr<Datagram>> open_datagram(
        const SocketAddress& local, DatagramHandler& handler) override;

    FileDescriptor epoll_;
    FileDescriptor wakeup_;  // an eventfd, edge-triggered: never read
    std::vector<EpollShard*> peers_;
    std::vector<std::unique_ptr<Mailbox>> inboxes_;  // by sender
    std::vector<bool> posted_to_;                    // in this turn, by receiver
    bool has_posted_ = false;                        // some of it, or an overflow is left

    std::atomic<std::thread::id> thread_;  // that runs it, if one does

    alignas(64) std::atomic<bool> asleep_ = false;
    std::atomic<bool> stopping_ = false;
};

}  // namespace kith::runtime

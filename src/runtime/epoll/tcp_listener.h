// A listening TCP port.
//
// Out of descriptors or memory it pauses for kAcceptPause (counted, and logged once until it works
// again); peers wait in the kernel's backlog meanwhile. Threads: shard-local.
#pragma once

#include "runtime/epoll/epoll_shard.h"
#include "runtime/epoll/file_descriptor.h"
#include "runtime/network.h"

namespace kith::runtime {

class TcpListener final : public Listener, private Pollable, private Timer {
  public:
    [[nodiscard]] static Result<std::unique_ptr<Listener>> open(EpollShard& shard,
                                                                const ListenOptions& options,
                                                                AcceptHandler& handler);
    TcpListener(EpollShard& shard, FileDescriptor fd, AcceptHandler& handler);
    ~TcpListener() override;

    [[nodiscard]] SocketAddress local() const override { return local_; }

  private:
    void on_ready(Readiness readiness) override;
    void on_timer(Instant now) override;

    /// False when this turn accepts no more.
    [[nodiscard]] bool accept_one();
    [[nodiscard]] bool hand_over(FileDescriptor fd, const SocketAddress& remote);
    void pause(int error);

    EpollShard& shard_;
    FileDescriptor fd_;
    SocketAddress local_;
    AcceptHandler& handler_;
    bool paused_logged_ = false;
};

}  // namespace kith::runtime

// A UDP port: reads many datagrams with one system call, sends each at once.
// Threads: shard-local. Limits: kDatagramBytesMax, kDatagramsPerTurnMax, kMulticastInterfacesMax.
#pragma once

#include <vector>

#include "runtime/datagram.h"
#include "runtime/epoll/epoll_shard.h"
#include "runtime/epoll/file_descriptor.h"

namespace kith::runtime {

class UdpPort final : public Datagram, private Pollable {
  public:
    [[nodiscard]] static Result<std::unique_ptr<Datagram>> open(EpollShard& shard,
                                                                const DatagramOptions& options,
                                                                DatagramHandler& handler);
    UdpPort(EpollShard& shard, FileDescriptor fd, DatagramHandler& handler);
    ~UdpPort() override;

    [[nodiscard]] Status send_to(const SocketAddress& to, Bytes bytes) override;
    [[nodiscard]] Status send_out_of(InterfaceId interface, const SocketAddress& to,
                                     Bytes bytes) override;
    [[nodiscard]] SocketAddress local() const override { return local_; }
    [[nodiscard]] Status join(const SocketAddress& group) override;

  private:
    void on_ready(Readiness readiness) override;

    /// How many datagrams were read; 0 also if this port has gone meanwhile.
    [[nodiscard]] std::size_t read_batch();
    [[nodiscard]] Status send_result(long result);
    [[nodiscard]] bool join_on(InterfaceId interface, const SocketAddress& group);

    EpollShard& shard_;
    FileDescriptor fd_;
    SocketAddress local_;
    int family_;
    DatagramHandler& handler_;
    std::vector<InterfaceId> interfaces_;  // that the last group was joined on
};

}  // namespace kith::runtime

// The kernel's TCP socket, as TransportStream wants it.
//
// Registered once, edge-triggered, for reading and writing: no further epoll_ctl call in the life
// of a connection, and the kernel reports Writable only after a short write. Threads: shard-local.
#pragma once

#include <span>

#include <sys/uio.h>

#include "runtime/detail/transport_stream.h"
#include "runtime/epoll/file_descriptor.h"

namespace kith::runtime {

class TcpSocket {
  public:
    static constexpr const char* kTransport = "tcp";

    explicit TcpSocket(FileDescriptor fd) : fd_(std::move(fd)) {}

    [[nodiscard]] long read(MutableBytes buffer);
    [[nodiscard]] long write(std::span<iovec> vectors);
    [[nodiscard]] int take_error();
    void shutdown_write();
    void close(CloseMode mode);
    [[nodiscard]] Status watch(Shard& shard, Pollable& pollable);
    void unwatch(Shard& shard);

    /// What every stream wants: no delay, and a dead peer noticed. On a listening socket these are
    /// inherited by what it accepts.
    static void set_stream_options(int fd);
    /// For connecting. Without this the kernel looks at one half of all local ports before the
    /// other, port by port: behind 14,000 connections to one address each costs 14,000 looks more.
    static void seek_port_once(int fd);

  private:
    FileDescriptor fd_;
};

using TcpStream = TransportStream<TcpSocket>;
static_assert(sizeof(TcpStream) <= 200, "idle connections are many");

}  // namespace kith::runtime

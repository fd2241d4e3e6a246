#include "runtime/epoll/tcp_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "runtime/epoll/epoll_shard.h"

namespace kith::runtime {

long TcpSocket::read(MutableBytes buffer) {
    long count = 0;
    do {
        count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    } while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

long TcpSocket::write(std::span<iovec> vectors) {
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = vectors.size();
    long count = 0;
    do {
        // sendmsg is writev with flags: a closed peer must not raise SIGPIPE.
        count = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
    } while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

int TcpSocket::take_error() {
    int error = 0;
    socklen_t length = sizeof(error);
    return getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

void TcpSocket::shutdown_write() {
    ::shutdown(fd_.get(), SHUT_WR);
}

void TcpSocket::close(CloseMode mode) {
    if (fd_.is_open() && mode == CloseMode::Reset) {
        // Frees the kernel's buffers at once, also towards a peer that does not read.
        const linger reset{.l_onoff = 1, .l_linger = 0};
        setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    }
    fd_.reset();
}

Status TcpSocket::watch(Shard& shard, Pollable& pollable) {
    return EpollShard::of(shard).watch(fd_.get(), pollable, Interest::ReadWrite);
}

void TcpSocket::unwatch(Shard& shard) {
    EpollShard::of(shard).unwatch(fd_.get());
}

void TcpSocket::set_stream_options(int fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kKeepaliveIdleSeconds, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kKeepaliveIntervalSeconds, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &kKeepaliveProbes, sizeof(int));
}

void TcpSocket::seek_port_once(int fd) {
    // Linux 6.3; older kernels refuse it, and older headers do not know it.
    constexpr int kIpLocalPortRange = 51;
    // A range that says nothing, given to a socket, makes the search one walk over all ports.
    constexpr std::uint32_t kAnyPort = 0xFFFF'0001;
    setsockopt(fd, IPPROTO_IP, kIpLocalPortRange, &kAnyPort, sizeof(kAnyPort));
}

}  // namespace kith::runtime

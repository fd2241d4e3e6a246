#include "runtime/epoll/tcp_listener.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "runtime/detail/io_error.h"
#include "runtime/epoll/socket_address.h"
#include "runtime/epoll/tcp_socket.h"

namespace kith::runtime {
namespace {

tl::unexpected<Error> last_error(const char* fallback) {
    return tl::unexpected<Error>(io_error(errno, fallback));
}

bool is_exhaustion(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
           error == ENOSPC;
}

}  // namespace

Result<std::unique_ptr<Listener>> TcpListener::open(EpollShard& shard, const ListenOptions& options,
                                                    AcceptHandler& handler) {
    sockaddr_storage storage;
    const socklen_t length = to_kernel(options.address, storage);
    FileDescriptor fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.is_open()) {
        return last_error("no socket to listen with");
    }
    const int on = 1;
    const int off = 0;
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (options.shared) {
        setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    }
    if (!options.address.is_v4()) {
        setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
    TcpSocket::set_stream_options(fd.get());
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0) {
        return last_error("the address cannot be bound");
    }
    if (::listen(fd.get(), options.backlog) != 0) {
        return last_error("the address cannot be listened on");
    }
    auto listener = std::make_unique<TcpListener>(shard, std::move(fd), handler);
    TRY(shard.watch(listener->fd_.get(), *listener, Interest::Read));
    return std::unique_ptr<Listener>(std::move(listener));
}

TcpListener::TcpListener(EpollShard& shard, FileDescriptor fd, AcceptHandler& handler)
    : shard_(shard), fd_(std::move(fd)), local_(local_address(fd_.get())), handler_(handler) {}

TcpListener::~TcpListener() {
    shard_.leave_dispatch(*this);
}

void TcpListener::on_ready(Readiness) {
    for (std::size_t i = 0; i < kAcceptsPerTurnMax; ++i) {
        if (!accept_one()) {
            return;
        }
    }
    shard_.mark_ready(*this, Readiness::Readable);
}

void TcpListener::on_timer(Instant) {
    shard_.mark_ready(*this, Readiness::Readable);
}

bool TcpListener::accept_one() {
    sockaddr_storage storage;
    socklen_t length = sizeof(storage);
    const int fd = ::accept4(fd_.get(), reinterpret_cast<sockaddr*>(&storage), &length,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        return hand_over(FileDescriptor(fd), from_kernel(storage));
    }
    if (is_exhaustion(errno)) {
        pause(errno);
        return false;
    }
    // Every other error is that of one connection which has gone already.
    return errno != EAGAIN;
}

bool TcpListener::hand_over(FileDescriptor fd, const SocketAddress& remote) {
    paused_logged_ = false;
    ++shard_.counters().streams_accepted;
    auto stream = std::make_unique<TcpStream>(shard_, TcpSocket(std::move(fd)), remote,
                                              TcpStream::State::Open);
    stream->start();
    return shard_.dispatch(*this, [&] { handler_.on_accept(std::move(stream)); });
}

void TcpListener::pause(int error) {
    ++shard_.counters().accept_pauses;
    shard_.arm_after(*this, kAcceptPause);
    if (!std::exchange(paused_logged_, true)) {
        LOG(shard_.log(), Warn, "accepting paused", {"address", local_.to_string()},
            {"reason", io_error(error, "out of memory").text});
    }
}

}  // namespace kith::runtime

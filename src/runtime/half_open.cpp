#include "runtime/half_open.h"

#include <string_view>

#include "base/check.h"
#include "runtime/epoll/tcp_socket.h"
#include "runtime/sim/net.h"

namespace kith::runtime {
namespace {

/// What a stream is over says its info(), so that not every stream has to say that it cannot.
template <typename F>
void with_socket(Stream& stream, F&& action) {
    const std::string_view transport = stream.info().transport;
    if (transport == TcpSocket::kTransport) {
        action(static_cast<TcpStream&>(stream));
        return;
    }
    CHECK_TEXT(transport == sim::SimSocket::kTransport, "only a socket can be half open");
    action(static_cast<sim::SimStream&>(stream));
}

}  // namespace

void keep_half_open(Stream& stream, HalfOpenHandler& handler) {
    with_socket(stream, [&handler](auto& socket) { socket.keep_half_open(handler); });
}

void end_output(Stream& stream) {
    with_socket(stream, [](auto& socket) { socket.end_output(); });
}

}  // namespace kith::runtime

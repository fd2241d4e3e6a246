#include "runtime/detail/io_error.h"

#include <cerrno>

namespace kith::runtime {
namespace {

const char* text_of(int errno_value, const char* fallback) {
    switch (errno_value) {
        case ECONNREFUSED:
            return "connection refused";
        case ECONNRESET:
            return "connection reset by the peer";
        case EPIPE:
            return "the peer has closed the connection";
        case ETIMEDOUT:
            return "connection timed out";
        case EHOSTUNREACH:
            return "no route to the host";
        case ENETUNREACH:
            return "network is unreachable";
        case EADDRINUSE:
            return "the address is in use";
        case EADDRNOTAVAIL:
            return "the address is not one of this machine";
        case EACCES:
            return "not permitted: a port below 1024 needs the capability to bind it";
        case EMFILE:
        case ENFILE:
            return "out of file descriptors";
        default:
            return fallback;
    }
}

}  // namespace

Error io_error(int errno_value, const char* fallback) {
    return {ErrorKind::Io, static_cast<std::uint16_t>(errno_value), text_of(errno_value, fallback)};
}

}  // namespace kith::runtime

#include "cli/http_get.h"

#include "runtime/resolve.h"

#include <fmt/format.h>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>

namespace kith::cli {
namespace {

constexpr auto kTimeLimit = std::chrono::seconds(10);
constexpr std::size_t kAnswerBytesMax = 8 * 1024 * 1024;

Error io_error(const char* text) {
    return {ErrorKind::Io, static_cast<std::uint16_t>(errno), text};
}

class Socket {
  public:
    explicit Socket(int fd) : fd_(fd) {}
    ~Socket() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    [[nodiscard]] int fd() const { return fd_; }

    /// Waits until the socket can be used or the time is over.
    [[nodiscard]] Status wait(short events, std::chrono::steady_clock::time_point deadline) const {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd poll_fd{.fd = fd_, .events = events, .revents = 0};
        if (left.count() <= 0 || ::poll(&poll_fd, 1, static_cast<int>(left.count())) <= 0) {
            return fail(ErrorKind::Timeout, "the node does not answer");
        }
        return {};
    }

  private:
    int fd_;
};

Status connect(const Socket& socket, const runtime::SocketAddress& address) {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(address.port());
    std::memcpy(&to.sin6_addr, address.ip().data(), address.ip().size());
    if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
        return tl::unexpected(io_error("cannot connect"));
    }
    return {};
}

Result<std::string> converse(const Socket& socket, const std::string& request) {
    const auto deadline = std::chrono::steady_clock::now() + kTimeLimit;
    std::string_view unsent = request;
    while (!unsent.empty()) {
        TRY(socket.wait(POLLOUT, deadline));
        const ssize_t sent = ::send(socket.fd(), unsent.data(), unsent.size(), MSG_NOSIGNAL);
        if (sent < 0) {
            return tl::unexpected(io_error("cannot send"));
        }
        unsent.remove_prefix(static_cast<std::size_t>(sent));
    }
    std::string answer;
    char buffer[16 * 1024];
    for (;;) {
        TRY(socket.wait(POLLIN, deadline));
        const ssize_t count = ::recv(socket.fd(), buffer, sizeof(buffer), 0);
        if (count < 0) {
            return tl::unexpected(io_error("cannot receive"));
        }
        if (count == 0) {
            return answer;
        }
        answer.append(buffer, static_cast<std::size_t>(count));
        if (answer.size() > kAnswerBytesMax) {
            return fail(ErrorKind::Limit, "the answer is too long");
        }
    }
}

Result<HttpAnswer> parse(const std::string& text) {
    static constexpr std::string_view kVersion = "HTTP/1.1 ";
    const std::size_t body = text.find("\r\n\r\n");
    HttpAnswer answer;
    if (!text.starts_with(kVersion) || body == std::string::npos ||
        std::from_chars(text.data() + kVersion.size(), text.data() + text.size(), answer.status)
                .ec != std::errc()) {
        return fail(ErrorKind::Malformed, "the answer is not HTTP");
    }
    answer.body = text.substr(body + 4);
    return answer;
}

}  // namespace

Result<HttpAnswer> http_get(const HttpQuestion& question) {
    TRY_ASSIGN(const std::vector<runtime::SocketAddress> addresses,
               runtime::resolve(question.host_and_port));
    const Socket socket(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (socket.fd() < 0) {
        return tl::unexpected(io_error("cannot make a socket"));
    }
    TRY(connect(socket, addresses.front()));
    std::string request =
        fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
                    question.body.empty() ? "GET" : "POST", question.path, question.host_and_port);
    if (!question.token.empty()) {
        request += fmt::format("Authorization: Bearer {}\r\n", question.token);
    }
    if (!question.body.empty()) {
        request += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n",
                               question.body.size());
    }
    TRY_ASSIGN(const std::string answer, converse(socket, request + "\r\n" + question.body));
    return parse(answer);
}

}  // namespace kith::cli

#include "runtime/epoll/udp_port.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include <netinet/in.h>
#include <sys/socket.h>

#include "runtime/detail/io_error.h"
#include "runtime/epoll/interfaces.h"
#include "runtime/epoll/socket_address.h"

namespace kith::runtime {
namespace {

/// The interfaces that carry multicast; loopback alone if there is no other.
std::vector<InterfaceId> multicast_interfaces() {
    std::vector<InterfaceId> carrying;
    std::vector<InterfaceId> loopback;
    for (const NetworkInterface& interface : machine_interfaces()) {
        if (interface.is_loopback) {
            loopback.push_back(interface.id);
        } else if (interface.carries_multicast) {
            carrying.push_back(interface.id);
        }
    }
    return carrying.empty() ? loopback : carrying;
}

/// Room for the control message that names an interface.
struct InterfaceControl {
    InterfaceControl(msghdr& message, int family, InterfaceId interface) {
        message.msg_control = room.data();
        message.msg_controllen = room.size();
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        if (family == AF_INET) {
            in_pktinfo chosen{};
            chosen.ipi_ifindex = static_cast<int>(interface.value());
            fill(*header, IPPROTO_IP, IP_PKTINFO, chosen);
        } else {
            in6_pktinfo chosen{};
            chosen.ipi6_ifindex = interface.value();
            fill(*header, IPPROTO_IPV6, IPV6_PKTINFO, chosen);
        }
        message.msg_controllen = CMSG_ALIGN(header->cmsg_len);
    }

  private:
    template <typename Content>
    static void fill(cmsghdr& header, int level, int type, const Content& content) {
        header.cmsg_level = level;
        header.cmsg_type = type;
        header.cmsg_len = CMSG_LEN(sizeof(content));
        std::memcpy(CMSG_DATA(&header), &content, sizeof(content));
    }

    alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(in6_pktinfo))> room{};
};

/// What cannot be set shows where it matters: in bind(), or in what is sent.
void set_options(int fd, const DatagramOptions& options) {
    const int on = 1;
    if (options.local.is_multicast() || options.shared) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    }
    if (options.shared) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    }
    const int hops = options.multicast_hops;
    if (options.local.is_v4()) {
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof(hops));
    } else {
        const int v6_only = options.shared ? 1 : 0;
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof(v6_only));
        setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops));
    }
}

}  // namespace

Result<std::unique_ptr<Datagram>> UdpPort::open(EpollShard& shard, const DatagramOptions& options,
                                                DatagramHandler& handler) {
    sockaddr_storage storage;
    const socklen_t length = to_kernel(options.local, storage);
    FileDescriptor fd(::socket(storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.is_open()) {
        return tl::unexpected(io_error(errno, "no socket for datagrams"));
    }
    set_options(fd.get(), options);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0) {
        return tl::unexpected(io_error(errno, "the address cannot be bound"));
    }
    auto port = std::make_unique<UdpPort>(shard, std::move(fd), handler);
    TRY(shard.watch(port->fd_.get(), *port, Interest::Read));
    return std::unique_ptr<Datagram>(std::move(port));
}

UdpPort::UdpPort(EpollShard& shard, FileDescriptor fd, DatagramHandler& handler)
    : shard_(shard),
      fd_(std::move(fd)),
      local_(local_address(fd_.get())),
      family_(local_.is_v4() ? AF_INET : AF_INET6),
      handler_(handler) {}

UdpPort::~UdpPort() {
    shard_.leave_dispatch(*this);
}

void UdpPort::on_ready(Readiness readiness) {
    if (!has(readiness, Readiness::Readable | Readiness::Failed)) {
        return;
    }
    std::size_t taken = 0;
    while (taken < kDatagramsPerTurnMax) {
        const std::size_t count = read_batch();
        if (count < kDatagramBatch) {
            return;
        }
        taken += count;
    }
    shard_.mark_ready(*this, Readiness::Readable);
}

std::size_t UdpPort::read_batch() {
    std::array<sockaddr_storage, kDatagramBatch> senders;
    std::array<iovec, kDatagramBatch> vectors;
    std::array<mmsghdr, kDatagramBatch> messages{};
    const MutableBytes buffer = shard_.read_buffer();
    for (std::size_t i = 0; i < kDatagramBatch; ++i) {
        vectors[i] = {buffer.data() + i * kDatagramBytesMax, kDatagramBytesMax};
        messages[i].msg_hdr.msg_name = &senders[i];
        messages[i].msg_hdr.msg_namelen = sizeof(senders[i]);
        messages[i].msg_hdr.msg_iov = &vectors[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int received = ::recvmmsg(fd_.get(), messages.data(), kDatagramBatch, 0, nullptr);
    const std::size_t count = received > 0 ? static_cast<std::size_t>(received) : 0;
    for (std::size_t i = 0; i < count; ++i) {
        if ((messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
            ++shard_.counters().datagrams_dropped;
            continue;
        }
        const Bytes bytes = buffer.subspan(i * kDatagramBytesMax, messages[i].msg_len);
        const SocketAddress from = from_kernel(senders[i]);
        if (!shard_.dispatch(*this, [&] { handler_.on_datagram(from, bytes); })) {
            return 0;
        }
    }
    return count;
}

Status UdpPort::send_to(const SocketAddress& to, Bytes bytes) {
    if (!to.is_multicast() || interfaces_.empty()) {
        return send_out_of(InterfaceId(), to, bytes);
    }
    Status sent = fail(ErrorKind::Io, "no interface sends multicast");
    for (const InterfaceId interface : interfaces_) {
        const Status result = send_out_of(interface, to, bytes);
        sent = sent ? sent : result;  // one interface is enough
    }
    return sent;
}

Status UdpPort::send_out_of(InterfaceId interface, const SocketAddress& to, Bytes bytes) {
    if (bytes.size() > kDatagramBytesMax) {
        ++shard_.counters().datagrams_dropped;
        return fail(ErrorKind::Limit, "the datagram is too large");
    }
    if (family_ == AF_INET && !to.is_v4()) {
        return tl::unexpected(io_error(EAFNOSUPPORT, "an IPv4 port cannot send to IPv6"));
    }
    sockaddr_storage storage;
    iovec vector{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_namelen = to_kernel_of(family_, to, storage);
    message.msg_name = &storage;
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    if (interface == InterfaceId()) {
        return send_result(::sendmsg(fd_.get(), &message, MSG_NOSIGNAL));
    }
    const InterfaceControl control(message, family_, interface);
    return send_result(::sendmsg(fd_.get(), &message, MSG_NOSIGNAL));
}

Status UdpPort::send_result(long result) {
    if (result >= 0) {
        return {};
    }
    ++shard_.counters().datagrams_dropped;
    if (errno == EAGAIN || errno == ENOBUFS || errno == EMSGSIZE) {
        return fail(ErrorKind::Limit, "no room to send the datagram");
    }
    return tl::unexpected(io_error(errno, "the datagram cannot be sent"));
}

Status UdpPort::join(const SocketAddress& group) {
    if (!group.is_multicast() || (group.is_v4() != (family_ == AF_INET))) {
        return fail(ErrorKind::Invalid, "not a multicast group of the port's family");
    }
    interfaces_.clear();  // some may have gone
    for (const InterfaceId interface : multicast_interfaces()) {
        if (join_on(interface, group)) {
            interfaces_.push_back(interface);
        }
    }
    if (interfaces_.empty()) {
        return tl::unexpected(io_error(errno, "no interface joins the multicast group"));
    }
    return {};
}

bool UdpPort::join_on(InterfaceId interface, const SocketAddress& group) {
    sockaddr_storage storage;
    static_cast<void>(to_kernel(group, storage));
    group_req request{};
    request.gr_interface = interface.value();
    std::memcpy(&request.gr_group, &storage, sizeof(storage));
    const int level = family_ == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
    const int joined = setsockopt(fd_.get(), level, MCAST_JOIN_GROUP, &request, sizeof(request));
    return joined == 0 || errno == EADDRINUSE;  // joined before
}

}  // namespace kith::runtime

#include "runtime/epoll/udp_port.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "runtime/detail/io_error.h"
#include "runtime/epoll/socket_address.h"

namespace kith::runtime {
namespace {

/// The interfaces that carry multicast; loopback alone if there is no other.
std::vector<unsigned> multicast_interfaces() {
    ifaddrs* found = nullptr;
    if (getifaddrs(&found) != 0) {
        return {};
    }
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(found, &freeifaddrs);
    std::vector<unsigned> carrying;
    std::vector<unsigned> loopback;
    for (const ifaddrs* entry = found; entry != nullptr; entry = entry->ifa_next) {
        if ((entry->ifa_flags & IFF_UP) == 0) {
            continue;
        }
        const bool is_loopback = (entry->ifa_flags & IFF_LOOPBACK) != 0;
        if (!is_loopback && (entry->ifa_flags & IFF_MULTICAST) == 0) {
            continue;
        }
        std::vector<unsigned>& list = is_loopback ? loopback : carrying;
        const unsigned index = if_nametoindex(entry->ifa_name);
        const bool known = std::find(list.begin(), list.end(), index) != list.end();
        if (!known && list.size() < kMulticastInterfacesMax) {
            list.push_back(index);
        }
    }
    return carrying.empty() ? loopback : carrying;
}

/// Room for the control message that names an interface.
struct InterfaceControl {
    explicit InterfaceControl(msghdr& message, int family, unsigned interface) {
        message.msg_control = room.data();
        message.msg_controllen = room.size();
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        if (family == AF_INET) {
            in_pktinfo chosen{};
            chosen.ipi_ifindex = static_cast<int>(interface);
            fill(*header, IPPROTO_IP, IP_PKTINFO, chosen);
        } else {
            in6_pktinfo chosen{};
            chosen.ipi6_ifindex = interface;
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

}  // namespace

Result<std::unique_ptr<Datagram>> UdpPort::open(EpollShard& shard, const SocketAddress& local,
                                                DatagramHandler& handler) {
    sockaddr_storage storage;
    const socklen_t length = to_kernel(local, storage);
    FileDescriptor fd(::socket(storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.is_open()) {
        return tl::unexpected(io_error(errno, "no socket for datagrams"));
    }
    const int on = 1;
    const int off = 0;
    if (local.is_multicast()) {
        setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    }
    if (!local.is_v4()) {
        setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
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
    if (bytes.size() > kDatagramBytesMax) {
        ++shard_.counters().datagrams_dropped;
        return fail(ErrorKind::Limit, "the datagram is too large");
    }
    if (!to.is_multicast() || interfaces_.empty()) {
        return send_out_of(0, to, bytes);
    }
    Status sent = fail(ErrorKind::Io, "no interface sends multicast");
    for (const unsigned interface : interfaces_) {
        const Status result = send_out_of(interface, to, bytes);
        sent = sent ? sent : result;  // one interface is enough
    }
    return sent;
}

Status UdpPort::send_out_of(unsigned interface, const SocketAddress& to, Bytes bytes) {
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
    if (interface == 0) {
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
    for (const unsigned interface : multicast_interfaces()) {
        const bool known =
            std::find(interfaces_.begin(), interfaces_.end(), interface) != interfaces_.end();
        if (join_on(interface, group) && !known) {
            interfaces_.push_back(interface);
        }
    }
    if (interfaces_.empty()) {
        return tl::unexpected(io_error(errno, "no interface joins the multicast group"));
    }
    return {};
}

bool UdpPort::join_on(unsigned interface, const SocketAddress& group) {
    sockaddr_storage storage;
    static_cast<void>(to_kernel(group, storage));
    group_req request{};
    request.gr_interface = interface;
    std::memcpy(&request.gr_group, &storage, sizeof(storage));
    const int level = family_ == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
    const int joined = setsockopt(fd_.get(), level, MCAST_JOIN_GROUP, &request, sizeof(request));
    return joined == 0 || errno == EADDRINUSE;  // joined before
}

}  // namespace kith::runtime

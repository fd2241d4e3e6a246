#include "runtime/resolve.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include <netdb.h>
#include <sys/socket.h>

#include "runtime/epoll/socket_address.h"
#include "runtime/service_records.h"

namespace kith::runtime {
namespace {

tl::unexpected<Error> resolver_error(int code) {
    switch (code) {
        case EAI_AGAIN:
            return fail(ErrorKind::Unavailable, "the name server does not answer");
        case EAI_NONAME:
            return fail(ErrorKind::NotFound, "no such host");
        default:
            return fail(ErrorKind::NotFound, "the host name cannot be resolved");
    }
}

Result<std::vector<SocketAddress>> resolve_service(std::string_view name) {
    TRY_ASSIGN(const std::vector<ServiceTarget> targets, find_service(name));
    std::vector<SocketAddress> addresses;
    Error last{ErrorKind::NotFound, 0, "no such host"};
    for (const ServiceTarget& target : targets) {
        const auto some = resolve(target.host + ":" + std::to_string(target.port));
        if (some) {
            addresses.insert(addresses.end(), some->begin(), some->end());
        } else {
            last = some.error();
        }
    }
    if (addresses.empty()) {
        return tl::unexpected(last);
    }
    return addresses;
}

}  // namespace

Result<std::vector<SocketAddress>> resolve(std::string_view host_and_port) {
    if (host_and_port.starts_with(kServicePrefix)) {
        return resolve_service(host_and_port.substr(kServicePrefix.size()));
    }
    if (const auto literal = SocketAddress::parse(host_and_port)) {
        return std::vector{*literal};
    }
    const std::size_t colon = host_and_port.rfind(':');
    if (colon == std::string_view::npos || colon == 0) {
        return fail(ErrorKind::Invalid, "an address needs a host and a port: HOST:PORT");
    }
    // The port is checked as that of a literal, so that service names and nonsense are refused.
    const std::string port_text = std::string("0.0.0.0") + std::string(host_and_port.substr(colon));
    TRY_ASSIGN(const SocketAddress port, SocketAddress::parse(port_text));
    const std::string host(host_and_port.substr(0, colon));

    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    if (const int code = getaddrinfo(host.c_str(), nullptr, &hints, &found); code != 0) {
        return resolver_error(code);
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, &freeaddrinfo);
    std::vector<SocketAddress> addresses;
    for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
        sockaddr_storage storage{};
        std::memcpy(&storage, entry->ai_addr,
                    std::min<std::size_t>(entry->ai_addrlen, sizeof(storage)));
        addresses.push_back(from_kernel(storage).with_port(port.port()));
    }
    return addresses;
}

}  // namespace kith::runtime

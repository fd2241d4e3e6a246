// Which requests may come near at all, whoever sends them.
//
// A page of another site must not be able to use this node through the browser of somebody who is
// signed in, nor by pointing its own name at this address (DNS rebinding): Host must be a name that
// the node was given or a loopback literal, and Origin, where a browser sends one, must be this
// very server, perhaps behind a proxy that speaks TLS; where it sends none, Sec-Fetch-Site must not
// name another site, unless somebody followed a link. All of it holds on every path and for every
// upgrade. Immutable.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/problem.h"
#include "http/request.h"
#include "runtime/address.h"

namespace kith::api {

enum class Scheme : bool { Http, Https };

class Guard {
  public:
    /// `hosts`: names and addresses without ports. Loopback literals and "localhost" are always in.
    explicit Guard(const std::vector<std::string>& hosts);

    /// Nothing if the request may go on.
    [[nodiscard]] std::optional<Problem> check(const http::Request& request, Scheme scheme) const;

    [[nodiscard]] bool is_known_host(std::string_view host_and_port) const;

  private:
    std::vector<std::string> hosts_;  // lower case
};

/// True if the peer is on this machine and says that it passes on nobody else's request.
[[nodiscard]] bool is_direct_from_loopback(const http::Request& request,
                                           const runtime::SocketAddress& remote);

}  // namespace kith::api

// Who asks, if a proxy passes requests on and says for whom: X-Forwarded-For and Forwarded (RFC
// 7239).
//
// Anybody may write these headers, so they are read only if the peer is a proxy of the owner's, and
// from the right: what the nearest proxy added is true, what stands before it is what that proxy
// was told. The client is the first address from the right that is no proxy. A proxy adds to one of
// the headers; where both are there, one of them is the client's own and neither is believed. Pure.
// Limits: kForwardedMax addresses are looked at.
#pragma once

#include <optional>
#include <vector>

#include "http/request.h"
#include "runtime/address.h"
#include "runtime/address_range.h"

namespace kith::api {

inline constexpr std::size_t kForwardedMax = 16;

/// The client, or nothing if `peer` is no trusted proxy or has said nothing. Where what it said
/// cannot be read, that is the last proxy which can be known, for want of a better word.
[[nodiscard]] std::optional<runtime::SocketAddress> forwarded_client(
    const http::Request& request, const runtime::SocketAddress& peer,
    const std::vector<runtime::AddressRange>& proxies);

}  // namespace kith::api

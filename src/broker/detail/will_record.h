// A will as the store keeps it: one opaque run of bytes in the session's record.
//
//     version 1 | qos 1 | retain 1 | delay s 4 | message expiry s 4 | topic bytes 2 | properties
//     bytes 4 | role 1 | machine bytes 2 | topic roles bytes 2 | topic | properties | machine |
//     topic roles, with a space between | payload to the end                     (big endian)
//
// Role, machine and topic roles are those with which the client left the will, so that it can be
// judged when it fires, although the node has started anew meanwhile. Version 1 had none of the
// three: such a will was left when every client had the role `free`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "broker/detail/session.h"

namespace kith::broker {

/// `client` is who leaves it.
[[nodiscard]] std::vector<std::uint8_t> encode_will(const SessionWill& will,
                                                    const bus::Principal& client);

struct StoredWill {
    std::unique_ptr<SessionWill> will;
    bus::Role role = bus::Role::Machine;
    std::string machine;
    std::vector<std::string> topic_roles;
};

/// Errors: Corrupt.
[[nodiscard]] Result<StoredWill> decode_will(Bytes record, TenantId tenant, SessionId session);

}  // namespace kith::broker

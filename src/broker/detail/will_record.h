// A will as the store keeps it: one opaque run of bytes in the session's record.
//
//     version 1 | qos 1 | retain 1 | delay s 4 | message expiry s 4 | topic bytes 2 | properties
//     bytes 4 | topic | properties | payload to the end                          (big endian)
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "broker/detail/session.h"

namespace kith::broker {

[[nodiscard]] std::vector<std::uint8_t> encode_will(const SessionWill& will);

/// Errors: Corrupt.
[[nodiscard]] Result<std::unique_ptr<SessionWill>> decode_will(Bytes record, TenantId tenant,
                                                               SessionId session);

}  // namespace kith::broker

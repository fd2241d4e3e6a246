// Where a service of a domain is, as its DNS says: SRV records (RFC 2782).
//
// What comes from a name server is a stranger's: cut off, in circles or nonsense, it is an error.
// Blocks: for tools and for the blocking pool, never on a loop. Threads: any.
// Limits: kServiceTargetsMax.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace kith::runtime {

/// Of one answer; what is beyond is left out.
inline constexpr std::size_t kServiceTargetsMax = 32;

struct ServiceTarget {
    std::uint16_t priority = 0;  // the smallest first
    std::uint16_t weight = 0;    // of those of one priority, the largest first
    std::string host;
    std::uint16_t port = 0;

    friend bool operator==(const ServiceTarget&, const ServiceTarget&) = default;
};

/// Asks for `_kith-mesh._tcp.example`. In the order in which they are to be tried. Errors:
/// NotFound, Unavailable, Malformed.
[[nodiscard]] Result<std::vector<ServiceTarget>> find_service(std::string_view name);

/// The targets of an answer of a name server. Errors: Malformed; NotFound if it names none.
[[nodiscard]] Result<std::vector<ServiceTarget>> read_service_answer(Bytes message);

}  // namespace kith::runtime

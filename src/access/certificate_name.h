// Which name in the certificate of a foreign authority names a machine.
#pragma once

#include <cstdint>

namespace kith::access {

enum class CertificateName : std::uint8_t {
    Off,  // none does: only certificates that were mapped one by one open anything
    CommonName,
    DnsName,
    UriName,
};

}  // namespace kith::access

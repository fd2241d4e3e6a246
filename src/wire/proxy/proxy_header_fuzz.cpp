// Any bytes as a PROXY header: an answer once given does not change, and needs no byte behind it.
#include "wire/proxy/header.h"

#include <cstddef>
#include <cstdint>

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const kith::Bytes input(bytes, size);
    const auto whole = kith::proxy::parse_header(input);
    if (!whole || !*whole) {
        return 0;
    }
    const kith::proxy::Header& header = **whole;
    CHECK(header.header_bytes <= size && header.header_bytes > 0);
    const auto alone = kith::proxy::parse_header(input.first(header.header_bytes));
    CHECK(alone && *alone && (*alone)->client_ip == header.client_ip);
    for (std::size_t cut = 0; cut < header.header_bytes; ++cut) {
        const auto part = kith::proxy::parse_header(input.first(cut));
        CHECK(part && !*part);
    }
    return 0;
}

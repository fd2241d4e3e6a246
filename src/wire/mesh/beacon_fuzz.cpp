// Any bytes as a beacon: what decodes encodes to the bytes that it came from.
#include "wire/mesh/beacon.h"

#include <array>
#include <vector>

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace kith::mesh;
    // An allocation of the exact size, so that a read beyond it is seen.
    const std::vector<std::uint8_t> datagram(bytes, bytes + size);
    const kith::Result<Beacon> beacon = decode_beacon(datagram);
    if (!beacon) {
        return 0;
    }
    std::array<std::uint8_t, kBeaconSignedBytes> again{};
    encode_signed(*beacon, again);
    CHECK(kith::as_text(again) == kith::as_text(signed_part(datagram)));
    CHECK(signature_part(datagram).size() == kSignatureBytes);
    return 0;
}

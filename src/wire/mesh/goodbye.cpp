// GOODBYE: | reason u8 |
#include "wire/mesh/detail/frame_bodies.h"
#include "wire/mesh/detail/frame_reader.h"
#include "wire/mesh/detail/frame_writer.h"

namespace kith::mesh::detail {
namespace {

constexpr auto kReasonMax = static_cast<std::uint8_t>(GoodbyeReason::Silent);

}  // namespace

Result<Goodbye> decode_goodbye(Bytes body) {
    FrameReader reader(body);
    const std::uint8_t reason = reader.u8();
    if (reason > kReasonMax) {
        reader.fail(malformed("reason of a goodbye is not known"));
    }
    TRY(reader.finish());
    return Goodbye{.reason = static_cast<GoodbyeReason>(reason)};
}

std::size_t body_bytes(const Goodbye&) {
    return 1;
}

void put_body(ByteWriter& out, const Goodbye& frame) {
    CHECK(static_cast<std::uint8_t>(frame.reason) <= kReasonMax);
    put_enum(out, frame.reason);
}

}  // namespace kith::mesh::detail

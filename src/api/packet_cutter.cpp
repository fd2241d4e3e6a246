#include "api/packet_cutter.h"

#include <algorithm>

#include "base/check.h"

namespace kith::api {
namespace {

constexpr std::size_t kHeaderBytesMax = 5;  // type and flags, remaining length of 1 to 4 bytes

}  // namespace

std::size_t PacketCutter::take(Bytes bytes) {
    CHECK(!bytes.empty());
    std::size_t taken = 0;
    while (!is_in_body_ && taken < bytes.size()) {
        is_in_body_ = take_header_byte(bytes[taken]);
        ++taken;
    }
    if (is_in_body_) {
        const std::size_t body_bytes = std::min(left_bytes_, bytes.size() - taken);
        taken += body_bytes;
        left_bytes_ -= body_bytes;
        if (left_bytes_ == 0) {
            *this = {};
        }
    }
    return taken;
}

bool PacketCutter::take_header_byte(std::uint8_t byte) {
    ++header_bytes_;
    if (header_bytes_ == 1) {
        return false;
    }
    left_bytes_ |= static_cast<std::size_t>(byte & 0x7F) << (7 * (header_bytes_ - 2));
    return (byte & 0x80) == 0 || header_bytes_ == kHeaderBytesMax;
}

}  // namespace kith::api

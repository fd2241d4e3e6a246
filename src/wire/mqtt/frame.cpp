#include "wire/mqtt/frame.h"

#include "base/check.h"
#include "wire/mqtt/detail/errors.h"

namespace kith::mqtt {

std::vector<std::uint8_t> Framer::take_held() {
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(held_at_));
    held_at_ = 0;
    return std::exchange(held_, {});
}

Status Framer::refusal(FrameScan::State state) {
    if (state == FrameScan::State::Malformed) {
        return tl::unexpected(detail::malformed("remaining length is not in its shortest form"));
    }
    if (state == FrameScan::State::TooLarge) {
        return fail(ErrorKind::Limit, "packet is larger than the limit",
                    static_cast<std::uint16_t>(ReasonCode::PacketTooLarge));
    }
    return {};
}

void Framer::drop_held_before(Bytes rest) {
    held_at_ = held_.size() - rest.size();
    if (rest.empty()) {
        held_ = {};  // an idle connection keeps no buffer
        held_at_ = 0;
    }
}

void Framer::hold(Bytes bytes) {
    if (bytes.empty()) {
        return;
    }
    if (held_at_ > 0) {
        held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(held_at_));
        held_at_ = 0;
    }
    held_.insert(held_.end(), bytes.begin(), bytes.end());
}

void Framer::complete_held(Bytes& chunk) {
    const FrameScan scan = scan_frame(held(), packet_bytes_max_);
    CHECK(scan.state == FrameScan::State::Incomplete);
    // Until the header is whole, one byte at a time: there are at most four of them.
    const std::size_t missing = scan.wanted_bytes == 0 ? 1 : scan.wanted_bytes - held_bytes();
    const std::size_t taken = std::min(missing, chunk.size());
    hold(chunk.first(taken));
    chunk = chunk.subspan(taken);
}

}  // namespace kith::mqtt

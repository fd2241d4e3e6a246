#include "wire/mqtt/frame.h"

#include "base/check.h"
#include "wire/mqtt/detail/errors.h"

namespace kith::mqtt {

std::vector<std::uint8_t> Framer::take_held() {
    const Bytes kept = held();
    std::vector<std::uint8_t> taken(kept.begin(), kept.end());
    held_.reset();
    return taken;
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
    if (rest.empty()) {
        held_.reset();
        return;
    }
    held_->begins_at = held_->bytes.size() - rest.size();
}

void Framer::hold(Bytes bytes) {
    if (bytes.empty()) {
        return;
    }
    if (held_ == nullptr) {
        held_ = std::make_unique<Held>();
    }
    std::vector<std::uint8_t>& kept = held_->bytes;
    if (held_->begins_at > 0) {
        kept.erase(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(held_->begins_at));
        held_->begins_at = 0;
    }
    kept.insert(kept.end(), bytes.begin(), bytes.end());
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

#include "bench/publish_block.h"

#include <algorithm>
#include <bit>

#include "base/byte_writer.h"
#include "wire/mqtt/encoder.h"

namespace kith::bench {
namespace {

/// Largest block, in bytes: what one write hands over at its best.
constexpr std::size_t kBlockBytesMax = 64 * 1024;

}  // namespace

std::vector<std::uint8_t> encode_publish(const mqtt::Publish& packet, mqtt::Version version) {
    std::vector<std::uint8_t> bytes(mqtt::encoded_bytes(packet, version));
    ByteWriter writer(bytes);
    mqtt::encode(packet, version, writer);
    return bytes;
}

PublishBlock::PublishBlock(std::string_view topic, std::size_t payload_bytes,
                           mqtt::Version version) {
    const std::vector<std::uint8_t> payload(payload_bytes, 'x');
    const std::vector<std::uint8_t> packet =
        encode_publish({.topic = topic, .payload = payload}, version);
    packet_bytes_ = packet.size();
    const std::size_t count_max = std::max<std::size_t>(kBlockBytesMax / packet.size(), 1);
    for (std::size_t count = 1; count <= count_max; count *= 2) {
        MutableBytes fill;
        SharedBytes block = SharedBytes::uninitialized(count * packet.size(), fill);
        for (std::size_t i = 0; i < count; ++i) {
            std::ranges::copy(packet,
                              fill.begin() + static_cast<std::ptrdiff_t>(i * packet.size()));
        }
        blocks_.push_back(std::move(block));
    }
}

void PublishBlock::append_to(runtime::OutputQueue& output, std::size_t count) const {
    while (count >= piece_count_max()) {
        output.append(blocks_.back());
        count -= piece_count_max();
    }
    while (count > 0) {
        const auto power = static_cast<std::size_t>(std::bit_width(count)) - 1;
        output.append(blocks_[power]);
        count -= std::size_t{1} << power;
    }
}

}  // namespace kith::bench

// UNSUBSCRIBE (MQTT 5.0, section 3.10; MQTT 3.1.1, section 3.10).
//
//     | packet identifier | properties (5.0) | topic filter | topic filter | ...
#include "wire/mqtt/decoder.h"
#include "wire/mqtt/detail/packet_writer.h"
#include "wire/mqtt/detail/property_block.h"
#include "wire/mqtt/encoder.h"

namespace kith::mqtt {

using detail::malformed;
using detail::PacketReader;
using detail::PropertyBlock;
using detail::protocol_error;

Result<Unsubscribe> Decoder::decode_unsubscribe(const Frame& frame) {
    PacketReader reader(frame.body);
    Unsubscribe packet;
    packet.packet_id = reader.packet_id();
    if (version_ == Version::V5) {
        const PropertyBlock properties(reader, property_scratch_,
                                       {.allowed = {PropertyId::UserProperty}});
        packet.user_properties = UserProperties(properties.encoded_run());
    }
    TRY(reader.status());
    if (reader.at_end()) {  // [MQTT-3.10.3-2]
        return tl::unexpected(protocol_error("UNSUBSCRIBE without a topic filter"));
    }
    while (!reader.at_end()) {  // every turn takes two bytes at least
        const std::string_view filter =
            reader.utf8("topic filter is not valid UTF-8");  // [MQTT-3.10.3-1]
        TRY(reader.status());
        if (filter.empty()) {  // [MQTT-4.7.3-1]
            return tl::unexpected(malformed("topic filter is empty"));
        }
        filter_scratch_.push_back(filter);
    }
    packet.filters = filter_scratch_;
    return packet;
}

namespace {

template <typename Out>
void put_body(Out& out, const Unsubscribe& packet, Version version) {
    detail::put_packet_id(out, packet.packet_id);
    if (version == Version::V5) {
        detail::put_property_block(
            out, [&packet](auto& block) { block.bytes(packet.user_properties.encoded()); });
    }
    for (const std::string_view filter : packet.filters) {
        detail::put_utf8(out, filter);
    }
}

}  // namespace

std::size_t encoded_bytes(const Unsubscribe& packet, Version version) {
    return detail::packet_bytes([&](auto& out) { put_body(out, packet, version); });
}

void encode(const Unsubscribe& packet, Version version, ByteWriter& writer) {
    CHECK(!packet.filters.empty());  // [MQTT-3.10.3-2]
    detail::put_packet(writer, detail::first_byte(PacketType::Unsubscribe, 0b0010),
                       [&](auto& out) { put_body(out, packet, version); });
}

}  // namespace kith::mqtt

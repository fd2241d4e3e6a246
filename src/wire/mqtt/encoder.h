// Packets to bytes, in two steps: how many, then exactly those.
//
//     const std::size_t bytes = encoded_bytes(packet, version);
//     ByteWriter writer(stream.output().reserve(bytes));
//     encode(packet, version, writer);
//
// Properties are left out for MQTT 3.x. Encoders trust their caller: strings are valid UTF-8 of at
// most 65,535 bytes, ids are not 0 where one is needed; both are CHECKed where it is cheap.
#pragma once

#include <span>
#include <vector>

#include "base/byte_writer.h"
#include "wire/mqtt/packets.h"

namespace kith::mqtt {

[[nodiscard]] std::size_t encoded_bytes(const Connect& packet, Version version);
[[nodiscard]] std::size_t encoded_bytes(const Connack& packet, Version version);
[[nodiscard]] std::size_t encoded_bytes(const Publish& packet, Version version);
[[nodiscard]] std::size_t encoded_bytes(const Acknowledgement& packet, Version version);
[[nodiscard]] std::size_t encoded_bytes(const Subscribe& packet, Version version);
[[nodiscard]] std::size_t encoded_bytes(const Suback& packet, Version version);
[[nodiscard]] std::size_t encoded_bytes(const Unsubscribe& packet, Version version);
[[nodiscard]] std::size_t encoded_bytes(const Unsuback& packet, Version version);
[[nodiscard]] std::size_t encoded_bytes(const Pingreq& packet, Version version);
[[nodiscard]] std::size_t encoded_bytes(const Pingresp& packet, Version version);
[[nodiscard]] std::size_t encoded_bytes(const Disconnect& packet, Version version);
[[nodiscard]] std::size_t encoded_bytes(const Auth& packet, Version version);

void encode(const Connect& packet, Version version, ByteWriter& writer);
void encode(const Connack& packet, Version version, ByteWriter& writer);
void encode(const Publish& packet, Version version, ByteWriter& writer);
void encode(const Acknowledgement& packet, Version version, ByteWriter& writer);
void encode(const Subscribe& packet, Version version, ByteWriter& writer);
void encode(const Suback& packet, Version version, ByteWriter& writer);
void encode(const Unsubscribe& packet, Version version, ByteWriter& writer);
void encode(const Unsuback& packet, Version version, ByteWriter& writer);
void encode(const Pingreq& packet, Version version, ByteWriter& writer);
void encode(const Pingresp& packet, Version version, ByteWriter& writer);
void encode(const Disconnect& packet, Version version, ByteWriter& writer);
void encode(const Auth& packet, Version version, ByteWriter& writer);

/// For a PUBLISH that goes to many receivers: everything up to the payload, with the place of the
/// packet id, so that the bytes are made once and only the id is written anew.
struct PublishHead {
    std::size_t bytes = 0;             // fixed header to the end of the properties
    std::size_t packet_id_offset = 0;  // 0 for QoS 0
};
/// Encodes the head of `packet` alone; its payload's size counts in the remaining length.
[[nodiscard]] std::size_t encoded_head_bytes(const Publish& packet, Version version);
PublishHead encode_head(const Publish& packet, Version version, ByteWriter& writer);

/// Appends encoded user properties to `run`. Requires: valid UTF-8, at most 65,535 bytes each.
void append_user_property(std::vector<std::uint8_t>& run, UserProperty property);

/// Builds a MessageProperties run from fields; for publishers inside the process.
[[nodiscard]] std::vector<std::uint8_t> encode_message_properties(
    const MessageProperties::Fields& fields, std::span<const UserProperty> user_properties);

}  // namespace kith::mqtt

// What the codec's tests share: packets to bytes and back, and bytes written as text.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "wire/mqtt/decoder.h"
#include "wire/mqtt/encoder.h"

namespace kith::mqtt::testing {

using Buffer = std::vector<std::uint8_t>;

/// Joins byte values and pieces of text: bytes_of({0x00, 0x04, "MQTT", 5}).
struct Piece {
    Piece(int byte) : bytes{static_cast<std::uint8_t>(byte)} {}
    Piece(const char* text) : bytes(text, text + std::string_view(text).size()) {}
    Piece(const std::string& text) : bytes(text.begin(), text.end()) {}
    Piece(Buffer buffer) : bytes(std::move(buffer)) {}
    Buffer bytes;
};

inline Buffer bytes_of(std::initializer_list<Piece> pieces) {
    Buffer joined;
    for (const Piece& piece : pieces) {
        joined.insert(joined.end(), piece.bytes.begin(), piece.bytes.end());
    }
    return joined;
}

/// A packet of one first byte and a body shorter than 128 bytes.
inline Buffer packet_of(int first_byte, std::initializer_list<Piece> body_pieces) {
    const Buffer body = bytes_of(body_pieces);
    EXPECT_LT(body.size(), 128U);
    return bytes_of({first_byte, static_cast<int>(body.size()), body});
}

/// A UTF-8 string or binary data with its length in front.
inline Buffer field(std::string_view text) {
    return bytes_of({static_cast<int>(text.size() >> 8), static_cast<int>(text.size() & 0xFF),
                     std::string(text)});
}

/// Encodes, and checks that exactly the announced bytes were written.
template <typename P>
Buffer to_bytes(const P& packet, Version version) {
    Buffer buffer(encoded_bytes(packet, version));
    ByteWriter writer(buffer);
    encode(packet, version, writer);
    EXPECT_EQ(writer.written(), buffer.size());
    return buffer;
}

inline Buffer to_bytes(const Packet& packet, Version version) {
    return std::visit([version](const auto& p) { return to_bytes(p, version); }, packet);
}

/// The only packet in `bytes`.
inline Frame frame_of(Bytes bytes) {
    const FrameScan scan = scan_frame(bytes, bytes.size());
    EXPECT_EQ(scan.state, FrameScan::State::Complete);
    EXPECT_EQ(scan.frame.total_bytes, bytes.size());
    return scan.frame;
}

/// What a packet is refused with.
struct Refusal {
    ErrorKind kind;
    ReasonCode reason;
    friend bool operator==(const Refusal&, const Refusal&) = default;
};

inline void PrintTo(const Refusal& refusal, std::ostream* out) {
    *out << to_string(refusal.kind) << " " << to_string(refusal.reason);
}

inline constexpr Refusal kMalformed{ErrorKind::Malformed, ReasonCode::MalformedPacket};
inline constexpr Refusal kProtocolError{ErrorKind::Protocol, ReasonCode::ProtocolError};
inline constexpr Refusal kAccepted{ErrorKind::Closed, ReasonCode::Success};

/// How `decoder` refuses the packet in `bytes`; kAccepted if it does not.
inline Refusal refusal_of(Decoder decoder, const Buffer& bytes) {
    const Result<Packet> packet = decoder.decode(frame_of(bytes));
    if (packet) {
        return kAccepted;
    }
    EXPECT_STRNE(packet.error().text, "");
    return {packet.error().kind, static_cast<ReasonCode>(packet.error().code)};
}

inline Refusal refusal_by_server(const Buffer& bytes, Version version = Version::V5) {
    return refusal_of(Decoder(Sender::Client, version), bytes);
}

inline Refusal refusal_by_client(const Buffer& bytes, Version version = Version::V5) {
    return refusal_of(Decoder(Sender::Server, version), bytes);
}

/// Decodes what must be a `P`, which points into the decoder and the bytes.
template <typename P>
P decode_as(Decoder& decoder, const Buffer& bytes) {
    Result<Packet> packet = decoder.decode(frame_of(bytes));
    if (!packet) {
        ADD_FAILURE() << packet.error().text << " in " << to_hex(bytes);
        return {};
    }
    const P* found = std::get_if<P>(&*packet);
    if (found == nullptr) {
        ADD_FAILURE() << "another packet in " << to_hex(bytes);
        return {};
    }
    return *found;
}
template <typename P>
P decode_as(Decoder& decoder, Buffer&& bytes) = delete;

}  // namespace kith::mqtt::testing

// Any bytes as a stream of packets: no crash, the same packets however the stream is cut, and
// whatever decodes encodes to bytes that decode to the same.
//
// The first byte selects sender, version and whether the framer is stopped after every packet; the
// second is the size of the chunks, 0 for one chunk. The rest is the stream.
#include <algorithm>
#include <variant>
#include <vector>

#include "base/check.h"
#include "wire/mqtt/decoder.h"
#include "wire/mqtt/encoder.h"

namespace kith::mqtt {
namespace {

using Buffer = std::vector<std::uint8_t>;

constexpr std::size_t kPacketBytesMax = 100'000;

struct Session {
    Sender sender;
    Version version;
};

struct Cuts {
    std::size_t chunk_bytes;  // 0: everything at once
    bool stops_after_every_packet;
};

Version version_of(const Packet& packet, Version otherwise) {
    const auto* connect = std::get_if<Connect>(&packet);
    return connect == nullptr ? otherwise : connect->version;
}

Buffer encoded(const Packet& packet, Version version) {
    return std::visit(
        [version](const auto& p) {
            Buffer buffer(encoded_bytes(p, version));
            ByteWriter writer(buffer);
            encode(p, version, writer);
            CHECK(writer.written() == buffer.size());
            return buffer;
        },
        packet);
}

/// Reads what is kept in its encoded form, which CHECKs that it is what it was validated to be.
void walk_properties(const Packet& packet) {
    if (const auto* publish = std::get_if<Publish>(&packet)) {
        std::size_t bytes = 0;
        publish->properties.for_each_user_property(
            [&bytes](UserProperty p) { bytes += 5 + p.name.size() + p.value.size(); });
        CHECK(bytes <= publish->properties.encoded.size());
        (void)publish->properties.fields();
        CHECK(MessageProperties::from_encoded(publish->properties.encoded));
    }
    if (const auto* connect = std::get_if<Connect>(&packet)) {
        std::size_t bytes = 0;
        for (const UserProperty p : connect->user_properties) {
            bytes += 5 + p.name.size() + p.value.size();
        }
        CHECK(bytes == connect->user_properties.encoded().size());
    }
}

/// Decodes one frame; gives its packet's canonical bytes, or none if it is refused.
Buffer decode_and_encode(const Session& session, Decoder& decoder, const Frame& frame) {
    // An allocation of the exact size, so that a read beyond the body is seen.
    const Buffer body(frame.body.begin(), frame.body.end());
    const Result<Packet> packet = decoder.decode({frame.first_byte, body, frame.total_bytes});
    if (!packet) {
        CHECK(packet.error().code >= 0x80);
        return {};
    }
    walk_properties(*packet);
    const Version version = version_of(*packet, session.version);
    Buffer bytes = encoded(*packet, version);

    const FrameScan again = scan_frame(bytes, bytes.size());
    CHECK(again.state == FrameScan::State::Complete);
    CHECK(again.frame.total_bytes == bytes.size());
    Decoder second(session.sender, version);
    const Result<Packet> twice = second.decode(again.frame);
    CHECK(twice);
    CHECK(*twice == *packet);
    CHECK(encoded(*twice, version) == bytes);
    return bytes;
}

/// The canonical bytes of all packets in `stream`, each refusal as one byte 0.
Buffer transcript(const Session& session, Bytes stream, const Cuts& cuts) {
    Decoder decoder(session.sender, session.version);
    Framer framer(kPacketBytesMax);
    Buffer written;
    const auto sink = [&](const Frame& frame) {
        Buffer bytes = decode_and_encode(session, decoder, frame);
        if (bytes.empty()) {
            bytes.push_back(0);
        }
        written.insert(written.end(), bytes.begin(), bytes.end());
        return !cuts.stops_after_every_packet;
    };
    const std::size_t chunk_bytes = cuts.chunk_bytes == 0 ? stream.size() : cuts.chunk_bytes;
    while (!stream.empty()) {
        const std::size_t size = std::min(chunk_bytes, stream.size());
        Status status = framer.feed(stream.first(size), sink);
        stream = stream.subspan(size);
        // Every turn takes a packet out, until there is no whole one.
        std::size_t held = framer.held_bytes() + 1;
        while (status && cuts.stops_after_every_packet && framer.held_bytes() < held) {
            held = framer.held_bytes();
            status = framer.resume(sink);
        }
        if (!status) {
            written.push_back(0xFF);
            break;
        }
    }
    return written;
}

}  // namespace
}  // namespace kith::mqtt

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace kith::mqtt;
    if (size < 2) {
        return 0;
    }
    constexpr Version kVersions[] = {Version::V31, Version::V311, Version::V5, Version::V5};
    const Session session{.sender = (bytes[0] & 1) == 0 ? Sender::Client : Sender::Server,
                          .version = kVersions[(bytes[0] >> 1) & 3]};
    const Cuts cuts{.chunk_bytes = bytes[1], .stops_after_every_packet = (bytes[0] & 8) != 0};
    const kith::Bytes stream(bytes + 2, size - 2);
    const Buffer whole = transcript(session, stream, {});
    CHECK(transcript(session, stream, cuts) == whole);
    return 0;
}

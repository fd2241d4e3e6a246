// HELLO, the frame that an idle link is made of, so every byte of it counts.
//
//      7 6 5 4 3 2 1 0
//     +-------+-+-+-+-+
//     |   0   |D|E|A|W|   W: wants an answer; A: is one; E: echoes; D: tells digests
//     +-------+-+-+-+-+
//     | sequence varint | interval_ms varint | sent_at_us varint
//     | if E: echo_sent_at_us varint (not 0) | echo_held_us varint
//     | received_frames varint
//     +---------------+---------------+
//     | heard_of_last_16              |
//     +-----+---------+---------------+
//     | 0 |S|V|D|I|L|C|   if D: which digests are not 0, a bit a kind from C (Identity) on and S
//     +---+-+---------+   for the common state; then these, 8 bytes each
#include "wire/mesh/detail/frame_bodies.h"
#include "wire/mesh/detail/frame_reader.h"
#include "wire/mesh/detail/frame_writer.h"

namespace kith::mesh {
namespace {

constexpr std::uint8_t kWantsAnswer = 0x01;
constexpr std::uint8_t kIsAnswer = 0x02;
constexpr std::uint8_t kEchoes = 0x04;
constexpr std::uint8_t kTellsDigests = 0x08;
constexpr std::uint8_t kKnownFlags = 0x0F;
constexpr std::uint8_t kTellsState = 1U << kRecordKindCount;
constexpr std::uint8_t kKnownKinds = 2U * kTellsState - 1U;

void read_digest(detail::FrameReader& reader, std::uint64_t& digest) {
    digest = reader.u64();
    if (digest == 0) [[unlikely]] {
        reader.fail(detail::malformed("digest of 0 is told"));
    }
}

void read_digests(detail::FrameReader& reader, Digests& digests) {
    const std::uint8_t told = reader.flags(kKnownKinds);
    for (std::size_t kind = 0; kind < kRecordKindCount; ++kind) {
        if (((told >> kind) & 1U) != 0) {
            read_digest(reader, digests.of_kind[kind]);
        }
    }
    if ((told & kTellsState) != 0) {
        read_digest(reader, digests.of_state);
    }
}

// style: an out parameter, since moving a Hello costs as much as decoding it.
Status read_hello(Bytes body, Hello& hello) {
    detail::FrameReader reader(body);
    const std::uint8_t flags = reader.flags(kKnownFlags);
    hello.wants_answer = (flags & kWantsAnswer) != 0;
    hello.is_answer = (flags & kIsAnswer) != 0;
    hello.tells_digests = (flags & kTellsDigests) != 0;
    hello.sequence = reader.varint_of<std::uint32_t>();
    hello.interval_ms = reader.varint_of<std::uint16_t>();
    hello.sent_at_us = reader.varint();
    if ((flags & kEchoes) != 0) {
        hello.echo_sent_at_us = reader.varint();
        hello.echo_held_us = reader.varint_of<std::uint32_t>();
        if (hello.echo_sent_at_us == 0) [[unlikely]] {
            reader.fail(detail::malformed("echo of a hello that was sent at 0"));
        }
    }
    hello.received_frames = reader.varint_of<std::uint32_t>();
    hello.heard_of_last_16 = reader.u16();
    if (hello.tells_digests) {
        read_digests(reader, hello.digests);
    }
    return reader.finish();
}

template <typename Out>
void put_digests(Out& out, const Digests& digests) {
    std::uint8_t told = 0;
    for (std::size_t kind = 0; kind < kRecordKindCount; ++kind) {
        told |= detail::flag(digests.of_kind[kind] != 0, static_cast<std::uint8_t>(1U << kind));
    }
    out.u8(told | detail::flag(digests.of_state != 0, kTellsState));
    for (const std::uint64_t digest : digests.of_kind) {
        if (digest != 0) {
            out.u64(digest);
        }
    }
    if (digests.of_state != 0) {
        out.u64(digests.of_state);
    }
}

template <typename Out>
void put(Out& out, const Hello& hello) {
    const bool echoes = hello.echo_sent_at_us != 0;
    out.u8(static_cast<std::uint8_t>(
        detail::flag(hello.wants_answer, kWantsAnswer) | detail::flag(hello.is_answer, kIsAnswer) |
        detail::flag(echoes, kEchoes) | detail::flag(hello.tells_digests, kTellsDigests)));
    detail::put_varint(out, hello.sequence);
    detail::put_varint(out, hello.interval_ms);
    detail::put_varint(out, hello.sent_at_us);
    if (echoes) {
        detail::put_varint(out, hello.echo_sent_at_us);
        detail::put_varint(out, hello.echo_held_us);
    }
    detail::put_varint(out, hello.received_frames);
    out.u16(hello.heard_of_last_16);
    if (hello.tells_digests) {
        put_digests(out, hello.digests);
    }
}

}  // namespace

Result<Hello> decode_hello(Bytes body) {
    Result<Hello> result;
    if (const Status status = read_hello(body, *result); !status) [[unlikely]] {
        result = tl::unexpected(status.error());
    }
    return result;
}

std::size_t frame_bytes(const Hello& hello) {
    const std::size_t body = detail::body_bytes(hello);
    return detail::header_bytes(body) + body;
}

std::size_t encode(const Hello& hello, MutableBytes room) {
    ByteWriter out(room);
    detail::put_header(out, FrameType::Hello, Priority::Control, detail::body_bytes(hello));
    put(out, hello);
    return out.written();
}

namespace detail {

std::size_t body_bytes(const Hello& frame) {
    return count_bytes([&frame](auto& out) { put(out, frame); });
}

void put_body(ByteWriter& out, const Hello& frame) {
    put(out, frame);
}

}  // namespace detail
}  // namespace kith::mesh

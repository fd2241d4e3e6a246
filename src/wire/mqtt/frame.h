// Packets out of a byte stream: the fixed header and its remaining length (MQTT 5.0, section 2.1).
//
//      7 6 5 4 3 2 1 0
//     +-------+-------+
//     | type  | flags |   first byte
//     +-------+-------+
//     | remaining length, 1 to 4 bytes, 7 bits each, low first |
//     +---------------+
//     | body, "remaining length" bytes ...
//
// Zero-copy: a frame points into the caller's bytes. Only a packet that is not whole yet is copied,
// into a buffer that exists while it is needed. Sans-I/O. Limits: packet_bytes_max.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/mqtt/types.h"

namespace kith::mqtt {

/// One whole packet. Borrowed.
struct Frame {
    std::uint8_t first_byte = 0;
    Bytes body;                   // after the fixed header
    std::size_t total_bytes = 0;  // with the fixed header

    [[nodiscard]] PacketType type() const { return static_cast<PacketType>(first_byte >> 4); }
    [[nodiscard]] std::uint8_t flags() const { return first_byte & 0x0F; }
};

/// What the start of a buffer holds.
struct FrameScan {
    enum class State : std::uint8_t { Complete, Incomplete, Malformed, TooLarge };
    State state = State::Incomplete;
    Frame frame;                   // if Complete
    std::size_t wanted_bytes = 0;  // if Incomplete: the whole packet's size, or 0 if not known yet
};

/// Looks at the first packet of `bytes`. TooLarge is known as soon as the length is.
[[nodiscard]] FrameScan scan_frame(Bytes bytes, std::size_t packet_bytes_max);

/// Splits arriving chunks, cut anywhere, into frames.
class Framer {
  public:
    explicit Framer(std::size_t packet_bytes_max) : packet_bytes_max_(packet_bytes_max) {}

    /// Calls `sink(const Frame&)` for each whole packet, in order. The sink returns false to stop:
    /// what follows is then kept, and resume() goes on with it. Errors: Malformed with code
    /// MalformedPacket, Limit with code PacketTooLarge; the stream is then of no further use.
    template <typename Sink>
    [[nodiscard]] Status feed(Bytes chunk, Sink&& sink);

    /// Goes on after a sink that returned false.
    template <typename Sink>
    [[nodiscard]] Status resume(Sink&& sink) {
        return feed({}, static_cast<Sink&&>(sink));
    }

    /// Bytes kept: part of a packet, or what followed a stop.
    [[nodiscard]] std::size_t held_bytes() const { return held_.size() - held_at_; }
    /// Takes the kept bytes out; for a connection that moves to another shard.
    [[nodiscard]] std::vector<std::uint8_t> take_held();

    void set_packet_bytes_max(std::size_t bytes) { packet_bytes_max_ = bytes; }

  private:
    std::size_t packet_bytes_max_;
    std::vector<std::uint8_t> held_;
    std::size_t held_at_ = 0;
};

}  // namespace kith::mqtt

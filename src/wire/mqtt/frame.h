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

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/mqtt/types.h"
#include "wire/mqtt/variable_byte_integer.h"

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
[[nodiscard]] inline FrameScan scan_frame(Bytes bytes, std::size_t packet_bytes_max) {
    using State = FrameScan::State;
    if (bytes.empty()) {
        return {};
    }
    const VariableByteInteger remaining = scan_variable_byte_integer(bytes.subspan(1));
    if (remaining.state == VariableByteInteger::State::Incomplete) {
        return {};
    }
    if (remaining.state == VariableByteInteger::State::Malformed) [[unlikely]] {
        return {.state = State::Malformed, .frame = {}};
    }
    const std::size_t header_bytes = 1U + remaining.size_bytes;
    const std::size_t total_bytes = header_bytes + remaining.value;
    if (total_bytes > packet_bytes_max) [[unlikely]] {
        return {.state = State::TooLarge, .frame = {}};
    }
    if (total_bytes > bytes.size()) {
        return {.frame = {}, .wanted_bytes = total_bytes};
    }
    return {
        State::Complete, {bytes[0], bytes.subspan(header_bytes, remaining.value), total_bytes}, 0};
}

/// Splits arriving chunks, cut anywhere, into frames. Threads: shard-local.
class Framer {
  public:
    explicit Framer(std::size_t packet_bytes_max) : packet_bytes_max_(packet_bytes_max) {}

    /// Calls `sink(const Frame&)` for each whole packet, in order. The sink returns false to stop:
    /// what follows is then kept, and resume() goes on with it; stop reading until then. The sink
    /// does not call this framer. Errors: Malformed with code MalformedPacket, Limit with code
    /// PacketTooLarge; the stream is then of no further use.
    template <typename Sink>
    [[nodiscard]] Status feed(Bytes chunk, Sink&& sink);

    /// Goes on after a sink that returned false.
    template <typename Sink>
    [[nodiscard]] Status resume(Sink&& sink) {
        return feed({}, static_cast<Sink&&>(sink));
    }

    /// Bytes kept: part of a packet, or what followed a stop.
    [[nodiscard]] std::size_t held_bytes() const {
        return held_ == nullptr ? 0 : held_->bytes.size() - held_->begins_at;
    }
    /// Takes the kept bytes out; for a connection that moves to another shard.
    [[nodiscard]] std::vector<std::uint8_t> take_held();

    void set_packet_bytes_max(std::size_t bytes) { packet_bytes_max_ = bytes; }

  private:
    enum class Progress : std::uint8_t { NeedsMore, Stopped };

    /// Feeds the whole packets at the start of `bytes`, and drops them from it.
    template <typename Sink>
    [[nodiscard]] Result<Progress> feed_whole(Bytes& bytes, Sink& sink) const;
    [[nodiscard]] static Status refusal(FrameScan::State state);

    [[nodiscard]] Bytes held() const {
        return held_ == nullptr ? Bytes() : Bytes(held_->bytes).subspan(held_->begins_at);
    }
    void drop_held_before(Bytes rest);
    void hold(Bytes bytes);
    /// Moves bytes from `chunk` to the kept part of a packet, at most as many as it lacks.
    void complete_held(Bytes& chunk);

    struct Held {
        std::vector<std::uint8_t> bytes;
        std::size_t begins_at = 0;
    };

    std::size_t packet_bytes_max_;
    std::unique_ptr<Held> held_;  // null: an idle connection keeps nothing
};

template <typename Sink>
Status Framer::feed(Bytes chunk, Sink&& sink) {
    // What is kept comes first; when it runs dry the rest of the chunk is read where it is.
    while (held_bytes() > 0) {
        Bytes kept = held();
        TRY_ASSIGN(const Progress progress, feed_whole(kept, sink));
        drop_held_before(kept);
        if (progress == Progress::Stopped || chunk.empty()) {
            hold(chunk);
            return {};
        }
        if (held_bytes() > 0) {
            complete_held(chunk);
        }
    }
    TRY(feed_whole(chunk, sink));
    hold(chunk);
    return {};
}

template <typename Sink>
Result<Framer::Progress> Framer::feed_whole(Bytes& bytes, Sink& sink) const {
    while (true) {
        const FrameScan scan = scan_frame(bytes, packet_bytes_max_);
        if (scan.state != FrameScan::State::Complete) {
            TRY(refusal(scan.state));
            return Progress::NeedsMore;
        }
        bytes = bytes.subspan(scan.frame.total_bytes);
        if (!sink(scan.frame)) {
            return Progress::Stopped;
        }
    }
}

}  // namespace kith::mqtt

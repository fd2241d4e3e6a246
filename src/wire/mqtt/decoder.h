// Bytes to packets. Strict: whatever the standard calls malformed or a protocol error is refused
// with its reason code, in Error::code.
//
// The decoder checks everything that one packet alone can show: direction, flags, lengths, UTF-8,
// property sets, duplicates, ranges, reason codes. What needs the session's state (packet ids in
// use, aliases, order) is the broker's business. Sans-I/O; no allocation but the scratches, which
// are reused. Each packet is decoded in the .cpp file of its name. Limits: limits.h.
#pragma once

#include <boost/container/small_vector.hpp>

#include <optional>

#include "base/result.h"
#include "wire/mqtt/frame.h"
#include "wire/mqtt/packets.h"

namespace kith::mqtt {

/// Who sent the bytes: some packets, properties and reason codes are allowed one way only.
enum class Sender : std::uint8_t { Client, Server };

/// The version that a CONNECT asks for, as far as its first bytes tell: for the answer to a CONNECT
/// that decode() refuses. Nothing for a version that is not 3.1, 3.1.1 or 5.0.
[[nodiscard]] std::optional<Version> connect_version(const Frame& frame);

/// Threads: shard-local. One decoder may serve many connections in turn: set_version() first.
class Decoder {
  public:
    explicit Decoder(Sender sender, Version version = Version::V5)
        : sender_(sender), version_(version) {}

    /// The version of the connection: set after CONNECT by whoever accepted it. A CONNECT is
    /// decoded in the version that it names, and changes nothing here.
    void set_version(Version version) { version_ = version; }
    [[nodiscard]] Version version() const { return version_; }

    /// Decodes any packet. Views are valid until the next call and while the frame's bytes are.
    /// Errors: Malformed or Protocol, with the MQTT 5 reason code; Unsupported with
    /// UnsupportedProtocolVersion for a CONNECT of a version that is not 3.1, 3.1.1 or 5.0.
    [[nodiscard]] Result<Packet> decode(const Frame& frame);

    /// The hot path: a PUBLISH without the detour through Packet. Requires: type Publish.
    [[nodiscard]] Result<Publish> decode_publish(const Frame& frame);

  private:
    using ByteScratch = boost::container::small_vector<std::uint8_t, 64>;

    [[nodiscard]] Status check_header(const Frame& frame) const;
    void reset_scratches();

    // style: an out parameter, since moving a Publish costs as much as decoding it.
    [[nodiscard]] Status read_publish(const Frame& frame, Publish& packet);
    [[nodiscard]] Result<Connect> decode_connect(const Frame& frame);
    [[nodiscard]] Result<Connack> decode_connack(const Frame& frame);
    [[nodiscard]] Result<Acknowledgement> decode_acknowledgement(const Frame& frame);
    [[nodiscard]] Result<Subscribe> decode_subscribe(const Frame& frame);
    [[nodiscard]] Result<Suback> decode_suback(const Frame& frame);
    [[nodiscard]] Result<Unsubscribe> decode_unsubscribe(const Frame& frame);
    [[nodiscard]] Result<Unsuback> decode_unsuback(const Frame& frame);
    [[nodiscard]] Result<Disconnect> decode_disconnect(const Frame& frame);
    [[nodiscard]] Result<Auth> decode_auth(const Frame& frame);

    Sender sender_;
    Version version_;
    ByteScratch property_scratch_;
    ByteScratch will_scratch_;  // a CONNECT has two blocks of properties
    boost::container::small_vector<Subscription, 4> subscription_scratch_;
    boost::container::small_vector<std::string_view, 4> filter_scratch_;
    boost::container::small_vector<ReasonCode, 8> reason_scratch_;
    boost::container::small_vector<std::uint32_t, 4> identifier_scratch_;
};

}  // namespace kith::mqtt

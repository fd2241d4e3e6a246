// Bytes to packets. Strict: whatever the standard calls malformed or a protocol error is refused
// with its reason code, in Error::code.
//
// The decoder checks everything that one packet alone can show: flags, lengths, UTF-8, property
// sets, duplicates, ranges. What needs the session's state (packet ids in use, aliases, order) is
// the broker's business. Sans-I/O; no allocation but the scratch, which is reused.
#pragma once

#include <boost/container/small_vector.hpp>

#include "base/result.h"
#include "wire/mqtt/frame.h"
#include "wire/mqtt/packets.h"

namespace kith::mqtt {

/// Who sent the bytes: some packets and properties are allowed one way only.
enum class Sender : std::uint8_t { Client, Server };

class Decoder {
  public:
    explicit Decoder(Sender sender, Version version = Version::V5)
        : sender_(sender), version_(version) {}

    /// The version of the connection: set after CONNECT by whoever accepted it.
    void set_version(Version version) { version_ = version; }
    [[nodiscard]] Version version() const { return version_; }

    /// Decodes any packet. Views are valid until the next call and while the frame's bytes are.
    /// Errors: Malformed or Protocol, with the MQTT 5 reason code; UnsupportedProtocolVersion for a
    /// CONNECT of a version that is not 3.1, 3.1.1 or 5.0.
    [[nodiscard]] Result<Packet> decode(const Frame& frame);

    /// The hot path: a PUBLISH without the detour through Packet. Requires: type Publish.
    [[nodiscard]] Result<Publish> decode_publish(const Frame& frame);

  private:
    Sender sender_;
    Version version_;
    boost::container::small_vector<std::uint8_t, 64> property_scratch_;
    boost::container::small_vector<Subscription, 4> subscription_scratch_;
    boost::container::small_vector<std::string_view, 4> filter_scratch_;
    boost::container::small_vector<ReasonCode, 8> reason_scratch_;
    boost::container::small_vector<std::uint32_t, 4> identifier_scratch_;
};

}  // namespace kith::mqtt

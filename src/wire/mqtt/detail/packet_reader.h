// Reads the fields of one packet's body, in the data types of MQTT 5.0, section 1.5.
//
// The first failure sticks: every later read gives 0 or an empty view, and the rest becomes empty,
// so that loops end. A decoder reads straight through and asks once, with finish(). Views point
// into the body.
#pragma once

#include <string_view>

#include "base/byte_reader.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/utf8.h"
#include "wire/mqtt/detail/errors.h"
#include "wire/mqtt/variable_byte_integer.h"

namespace kith::mqtt::detail {

class PacketReader {
  public:
    explicit PacketReader(Bytes body) : fields_(body) {}

    [[nodiscard]] std::uint8_t u8() { return fields_.u8(); }
    [[nodiscard]] std::uint16_t u16() { return fields_.u16(); }
    [[nodiscard]] std::uint32_t u32() { return fields_.u32(); }
    [[nodiscard]] Bytes bytes(std::size_t count) { return fields_.bytes(count); }

    [[nodiscard]] std::uint32_t variable_byte_integer() {
        const VariableByteInteger scan = scan_variable_byte_integer(fields_.rest());
        if (scan.state == VariableByteInteger::State::Malformed) {
            fail(malformed("variable byte integer is not in its shortest form"));
            return 0;
        }
        // An incomplete one consumes one byte more than there is, which fails as any short read.
        const bool complete = scan.state == VariableByteInteger::State::Complete;
        (void)fields_.bytes(complete ? scan.size_bytes : fields_.rest().size() + 1);
        return scan.value;
    }

    /// Binary data: two bytes of length, then as many bytes.
    [[nodiscard]] Bytes binary() {
        const std::uint16_t length = fields_.u16();
        return fields_.bytes(length);
    }

    /// A UTF-8 string; `invalid_text` is the error if it is none [MQTT-1.5.4-1], [MQTT-1.5.4-2].
    [[nodiscard]] std::string_view utf8(const char* invalid_text) {
        const Bytes text = binary();
        if (!is_mqtt_utf8(text)) {
            fail(malformed(invalid_text));
            return {};
        }
        return as_text(text);
    }

    /// A packet identifier, which is never 0 [MQTT-2.2.1-3], [MQTT-2.2.1-4].
    [[nodiscard]] PacketId packet_id() {
        const PacketId id(fields_.u16());
        if (id == PacketId()) {
            fail(protocol_error("packet identifier is 0"));
        }
        return id;
    }

    [[nodiscard]] bool at_end() const { return fields_.at_end(); }
    [[nodiscard]] Bytes rest() const { return fields_.rest(); }
    [[nodiscard]] bool failed() const { return fields_.failed(); }

    /// Keeps the first failure.
    void fail(const Error& error) {
        if (!fields_.failed()) {
            error_ = error;
            fields_.fail();
        }
    }

    /// What went wrong first, if anything.
    [[nodiscard]] Status status() const {
        if (fields_.failed()) [[unlikely]] {
            return tl::unexpected(error_);
        }
        return {};
    }

    /// The last question: nothing failed, and nothing is left.
    [[nodiscard]] Status finish() {
        if (!fields_.at_end()) [[unlikely]] {
            fail(malformed("packet is longer than its fields"));
        }
        return status();
    }

  private:
    ByteReader fields_;
    Error error_ = malformed("packet is shorter than its fields");
};

}  // namespace kith::mqtt::detail

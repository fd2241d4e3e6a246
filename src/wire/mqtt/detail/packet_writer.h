// Writes the fields of a packet, in the data types of MQTT 5.0, section 1.5.
//
// Every packet is described once, by a function that puts its body into an `Out`. Run over a
// ByteCounter it tells the size, run over a ByteWriter it writes: the two cannot disagree.
#pragma once

#include <optional>
#include <string_view>

#include "base/byte_writer.h"
#include "base/narrow.h"
#include "wire/mqtt/detail/property_rules.h"
#include "wire/mqtt/properties.h"
#include "wire/mqtt/types.h"
#include "wire/mqtt/variable_byte_integer.h"

namespace kith::mqtt::detail {

/// Counts what a ByteWriter would write.
class ByteCounter {
  public:
    void u8(std::uint8_t) { counted_ += 1; }
    void u16(std::uint16_t) { counted_ += 2; }
    void u32(std::uint32_t) { counted_ += 4; }
    void bytes(Bytes value) { counted_ += value.size(); }
    [[nodiscard]] std::size_t counted() const { return counted_; }

  private:
    std::size_t counted_ = 0;
};

/// What `put(out)` writes, in bytes.
template <typename Put>
[[nodiscard]] std::uint32_t count_bytes(const Put& put) {
    ByteCounter counter;
    put(counter);
    return narrow<std::uint32_t>(counter.counted());
}

/// The size of a whole packet whose body `put_body(out)` writes.
template <typename PutBody>
[[nodiscard]] std::size_t packet_bytes(const PutBody& put_body) {
    const std::uint32_t body_bytes = count_bytes(put_body);
    return 1 + variable_byte_integer_bytes(body_bytes) + body_bytes;
}

[[nodiscard]] constexpr std::uint8_t first_byte(PacketType type, std::uint8_t flags = 0) {
    return static_cast<std::uint8_t>((static_cast<std::uint8_t>(type) << 4) | flags);
}

template <typename PutBody>
void put_packet(ByteWriter& writer, std::uint8_t first_byte, const PutBody& put_body) {
    writer.u8(first_byte);
    put_variable_byte_integer(writer, count_bytes(put_body));
    put_body(writer);
}

template <typename Out>
void put_binary(Out& out, Bytes value) {
    out.u16(narrow<std::uint16_t>(value.size()));
    out.bytes(value);
}

template <typename Out>
void put_utf8(Out& out, std::string_view value) {
    put_binary(out, as_bytes(value));
}

template <typename Out>
void put_packet_id(Out& out, PacketId id) {
    CHECK(id != PacketId());  // [MQTT-2.2.1-3], [MQTT-2.2.1-4]
    out.u16(id.value());
}

template <typename Out>
void put_reason_code(Out& out, ReasonCode code) {
    out.u8(static_cast<std::uint8_t>(code));
}

/// A numeric property, in the form that its rule gives; nothing if there is no value.
template <typename Out, typename T>
void put_number(Out& out, PropertyId id, std::optional<T> value) {
    if (!value) {
        return;
    }
    const PropertyRule& rule = property_rule(id);
    const auto number = static_cast<std::uint32_t>(*value);
    CHECK(number >= rule.min);
    CHECK(number <= rule.max);
    out.u8(static_cast<std::uint8_t>(id));
    if (rule.form == PropertyForm::Byte) {
        out.u8(narrow<std::uint8_t>(number));
    } else if (rule.form == PropertyForm::TwoByteInteger) {
        out.u16(narrow<std::uint16_t>(number));
    } else if (rule.form == PropertyForm::FourByteInteger) {
        out.u32(number);
    } else {
        CHECK(rule.form == PropertyForm::VariableByteInteger);
        put_variable_byte_integer(out, number);
    }
}

/// A numeric property that is left out where it says what its absence says.
template <typename Out, typename T>
void put_number_unless(Out& out, PropertyId id, T value, T absent) {
    put_number(out, id, value == absent ? std::nullopt : std::optional(value));
}

template <typename Out>
void put_binary(Out& out, PropertyId id, std::optional<Bytes> value) {
    if (value) {
        out.u8(static_cast<std::uint8_t>(id));
        put_binary(out, *value);
    }
}

template <typename Out>
void put_utf8(Out& out, PropertyId id, std::optional<std::string_view> value) {
    if (value) {
        out.u8(static_cast<std::uint8_t>(id));
        put_utf8(out, *value);
    }
}

/// The property length, then what `put_properties(out)` writes. "If there are no properties, this
/// MUST be indicated by including a Property Length of zero" [MQTT-2.2.2-1].
template <typename Out, typename PutProperties>
void put_property_block(Out& out, const PutProperties& put_properties) {
    put_variable_byte_integer(out, count_bytes(put_properties));
    put_properties(out);
}

}  // namespace kith::mqtt::detail

// One block of properties, read and checked (MQTT 5.0, section 2.2.2).
//
//     | property length, variable byte integer | identifier | value | identifier | value | ...
//
// A packet's decoder says which properties it allows and which it wants to keep encoded; then it
// takes the typed values out one by one. Everything the standard says about a property alone is
// checked here: identifier, data type, range, repetition. Views point into the packet.
#pragma once

#include <boost/container/small_vector.hpp>

#include <array>
#include <optional>

#include "wire/mqtt/detail/packet_reader.h"
#include "wire/mqtt/detail/property_rules.h"

namespace kith::mqtt::detail {

using ByteScratch = boost::container::small_vector<std::uint8_t, 64>;
using IdentifierScratch = boost::container::small_vector<std::uint32_t, 4>;

/// Joins the encoded properties that are kept as they are. While they stand next to one another in
/// the packet the run is a view of the packet; from the first gap on it is a copy in the scratch.
class EncodedRun {
  public:
    explicit EncodedRun(ByteScratch& scratch) : scratch_(&scratch) {}
    void append(Bytes property);
    [[nodiscard]] Bytes bytes() const {
        return copied_ ? Bytes(scratch_->data(), scratch_->size()) : view_;
    }

  private:
    ByteScratch* scratch_;
    Bytes view_;
    bool copied_ = false;
};

class PropertyBlock {
  public:
    struct Options {
        PropertySet allowed;
        PropertySet kept_encoded{PropertyId::UserProperty};
        /// Where the subscription identifiers of a PUBLISH go, the only repeatable property but
        /// user properties.
        IdentifierScratch* subscription_identifiers = nullptr;
    };

    /// Reads the block at `reader`, which fails if the block is wrong. `scratch` holds the encoded
    /// run if the packet does not; it is overwritten.
    PropertyBlock(PacketReader& reader, ByteScratch& scratch, const Options& options);
    /// The same for a bare run of properties, which has no length in front.
    [[nodiscard]] static Status check_run(Bytes run, ByteScratch& scratch, const Options& options);

    [[nodiscard]] bool has(PropertyId id) const { return seen_.contains(id); }
    [[nodiscard]] Bytes encoded_run() const { return run_.bytes(); }

    /// The value of a numeric property as a T, which its data type fits.
    template <typename T>
    [[nodiscard]] std::optional<T> number(PropertyId id) const {
        if (!has(id)) {
            return std::nullopt;
        }
        return static_cast<T>(value(id).number);
    }
    [[nodiscard]] std::optional<bool> flag(PropertyId id) const {
        const auto byte = number<std::uint8_t>(id);
        return byte ? std::optional(*byte != 0) : std::nullopt;
    }
    [[nodiscard]] std::optional<Bytes> binary(PropertyId id) const {
        if (!has(id)) {
            return std::nullopt;
        }
        return Bytes(value(id).at, value(id).number);
    }
    [[nodiscard]] std::optional<std::string_view> text(PropertyId id) const {
        const auto bytes = binary(id);
        return bytes ? std::optional(as_text(*bytes)) : std::nullopt;
    }

  private:
    // Left uninitialized in the array below: `seen_` tells which ones exist.
    struct Value {
        const std::uint8_t* at;  // of strings and binary data
        std::uint32_t number;    // or the size in bytes of what is at `at`
    };

    explicit PropertyBlock(ByteScratch& scratch) : run_(scratch) {}

    /// Reads properties until `reader` ends or fails.
    void read_properties(PacketReader& reader, const Options& options);
    void read_property(PacketReader& reader, const Options& options);
    [[nodiscard]] static Value read_value(PacketReader& reader, const PropertyRule& rule);
    [[nodiscard]] const Value& value(PropertyId id) const {
        return values_[static_cast<std::size_t>(id)];
    }

    PropertySet seen_;
    EncodedRun run_;
    std::array<Value, kPropertyIdEnd> values_;
};

}  // namespace kith::mqtt::detail

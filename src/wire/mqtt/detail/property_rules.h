// What the standard says about each property, whatever packet it is in (MQTT 5.0, table 2-4 and the
// sections that it points to): data type, range, whether it may repeat.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>

#include "wire/mqtt/properties.h"
#include "wire/mqtt/types.h"
#include "wire/mqtt/variable_byte_integer.h"

namespace kith::mqtt::detail {

/// Property identifiers are below this; the standard encodes them as variable byte integers, of
/// which all known ones take one byte.
inline constexpr std::size_t kPropertyIdEnd = 0x2B;

enum class PropertyForm : std::uint8_t {
    None,  // no property has this identifier
    Byte,
    TwoByteInteger,
    FourByteInteger,
    VariableByteInteger,
    Utf8,
    TopicName,  // UTF-8 without wildcards
    Binary,
    Utf8Pair,
};

/// A set of property identifiers, in one word.
class PropertySet {
  public:
    constexpr PropertySet() = default;
    constexpr PropertySet(std::initializer_list<PropertyId> ids) {
        for (const PropertyId id : ids) {
            insert(id);
        }
    }
    constexpr void insert(PropertyId id) { bits_ |= bit(id); }
    [[nodiscard]] constexpr bool contains(PropertyId id) const { return (bits_ & bit(id)) != 0; }

  private:
    static constexpr std::uint64_t bit(PropertyId id) {
        return std::uint64_t{1} << static_cast<std::uint8_t>(id);
    }
    std::uint64_t bits_ = 0;
};
static_assert(kPropertyIdEnd <= 64);

/// Travel with a message unaltered [MQTT-3.3.2-4], [MQTT-3.3.2-15], [MQTT-3.3.2-16],
/// [MQTT-3.3.2-17], [MQTT-3.3.2-20].
inline constexpr PropertySet kForwardedProperties{
    PropertyId::PayloadFormatIndicator, PropertyId::ContentType,  PropertyId::ResponseTopic,
    PropertyId::CorrelationData,        PropertyId::UserProperty,
};

/// Texts of errors that name the property, made by the compiler.
template <std::size_t kSize>
struct FixedText {
    // Implicit, so that a string literal can be a template argument.
    constexpr FixedText(const char (&literal)[kSize]) { std::copy_n(literal, kSize, text); }
    char text[kSize]{};
};

template <FixedText kName, FixedText kSuffix>
inline constexpr auto kJoinedText = [] {
    constexpr std::size_t kNameLength = sizeof(kName.text) - 1;
    std::array<char, kNameLength + sizeof(kSuffix.text)> joined{};
    std::copy_n(kName.text, kNameLength, joined.data());
    std::copy_n(kSuffix.text, sizeof(kSuffix.text), joined.data() + kNameLength);
    return joined;
}();

struct PropertyRule {
    PropertyForm form = PropertyForm::None;
    std::uint32_t min = 0;  // of numbers
    std::uint32_t max = 0xFFFF'FFFF;
    ReasonCode out_of_range_reason = ReasonCode::ProtocolError;
    const char* misplaced_text = "unknown property";
    const char* twice_text = "";
    const char* invalid_text = "";

    template <FixedText kName>
    static constexpr PropertyRule of(PropertyForm form, std::uint32_t min = 0,
                                     std::uint32_t max = 0xFFFF'FFFF) {
        return {
            .form = form,
            .min = min,
            .max = max,
            .misplaced_text = kJoinedText<kName, " is not allowed in this packet">.data(),
            .twice_text = kJoinedText<kName, " occurs twice">.data(),
            .invalid_text = kJoinedText<kName, " has a value that is not allowed">.data(),
        };
    }
};

/// Indexed by property identifier.
inline constexpr auto kPropertyRules = [] {
    using Form = PropertyForm;
    using Rule = PropertyRule;
    std::array<Rule, kPropertyIdEnd> rules{};
    const auto set = [&rules](PropertyId id, const Rule& rule) {
        rules[static_cast<std::size_t>(id)] = rule;
    };
    using enum PropertyId;
    set(PayloadFormatIndicator, Rule::of<"payload format indicator">(Form::Byte, 0, 1));
    set(MessageExpiryInterval, Rule::of<"message expiry interval">(Form::FourByteInteger));
    set(ContentType, Rule::of<"content type">(Form::Utf8));
    set(ResponseTopic, Rule::of<"response topic">(Form::TopicName));
    set(CorrelationData, Rule::of<"correlation data">(Form::Binary));
    set(SubscriptionIdentifier, Rule::of<"subscription identifier">(Form::VariableByteInteger, 1));
    set(SessionExpiryInterval, Rule::of<"session expiry interval">(Form::FourByteInteger));
    set(AssignedClientIdentifier, Rule::of<"assigned client identifier">(Form::Utf8));
    set(ServerKeepAlive, Rule::of<"server keep alive">(Form::TwoByteInteger));
    set(AuthenticationMethod, Rule::of<"authentication method">(Form::Utf8));
    set(AuthenticationData, Rule::of<"authentication data">(Form::Binary));
    set(RequestProblemInformation, Rule::of<"request problem information">(Form::Byte, 0, 1));
    set(WillDelayInterval, Rule::of<"will delay interval">(Form::FourByteInteger));
    set(RequestResponseInformation, Rule::of<"request response information">(Form::Byte, 0, 1));
    set(ResponseInformation, Rule::of<"response information">(Form::Utf8));
    set(ServerReference, Rule::of<"server reference">(Form::Utf8));
    set(ReasonString, Rule::of<"reason string">(Form::Utf8));
    set(ReceiveMaximum, Rule::of<"receive maximum">(Form::TwoByteInteger, 1));
    set(TopicAliasMaximum, Rule::of<"topic alias maximum">(Form::TwoByteInteger));
    // "A Topic Alias of 0 is not permitted" [MQTT-3.3.2-8]; it has a reason code of its own.
    Rule alias = Rule::of<"topic alias">(Form::TwoByteInteger, 1);
    alias.out_of_range_reason = ReasonCode::TopicAliasInvalid;
    set(TopicAlias, alias);
    set(MaximumQos, Rule::of<"maximum QoS">(Form::Byte, 0, 1));
    set(RetainAvailable, Rule::of<"retain available">(Form::Byte, 0, 1));
    set(UserProperty, Rule::of<"user property">(Form::Utf8Pair));
    set(MaximumPacketSize, Rule::of<"maximum packet size">(Form::FourByteInteger, 1));
    set(WildcardSubscriptionAvailable,
        Rule::of<"wildcard subscription available">(Form::Byte, 0, 1));
    set(SubscriptionIdentifierAvailable,
        Rule::of<"subscription identifier available">(Form::Byte, 0, 1));
    set(SharedSubscriptionAvailable, Rule::of<"shared subscription available">(Form::Byte, 0, 1));
    return rules;
}();

[[nodiscard]] constexpr const PropertyRule& property_rule(PropertyId id) {
    return kPropertyRules[static_cast<std::size_t>(id)];
}

}  // namespace kith::mqtt::detail

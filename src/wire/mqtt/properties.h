// MQTT 5 properties (section 2.2.2) as typed fields and as encoded runs.
//
// Decoders fill typed structs; strings and binary data are views. Two kinds of property are kept in
// their encoded form, because they are mostly passed on as they are: user properties, and the
// properties of a PUBLISH that a server forwards unaltered ([MQTT-3.3.2-4], -15, -16, -17, -20).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace kith::mqtt {

enum class PropertyId : std::uint8_t {
    PayloadFormatIndicator = 0x01,
    MessageExpiryInterval = 0x02,
    ContentType = 0x03,
    ResponseTopic = 0x08,
    CorrelationData = 0x09,
    SubscriptionIdentifier = 0x0B,
    SessionExpiryInterval = 0x11,
    AssignedClientIdentifier = 0x12,
    ServerKeepAlive = 0x13,
    AuthenticationMethod = 0x15,
    AuthenticationData = 0x16,
    RequestProblemInformation = 0x17,
    WillDelayInterval = 0x18,
    RequestResponseInformation = 0x19,
    ResponseInformation = 0x1A,
    ServerReference = 0x1C,
    ReasonString = 0x1F,
    ReceiveMaximum = 0x21,
    TopicAliasMaximum = 0x22,
    TopicAlias = 0x23,
    MaximumQos = 0x24,
    RetainAvailable = 0x25,
    UserProperty = 0x26,
    MaximumPacketSize = 0x27,
    WildcardSubscriptionAvailable = 0x28,
    SubscriptionIdentifierAvailable = 0x29,
    SharedSubscriptionAvailable = 0x2A,
};

struct UserProperty {
    std::string_view name;
    std::string_view value;
};

/// A run of encoded user properties (0x26, name, value ...), already validated. Order is kept;
/// names may repeat. Iterates without allocation.
class UserProperties {
  public:
    class Iterator {
      public:
        using value_type = UserProperty;
        using difference_type = std::ptrdiff_t;
        UserProperty operator*() const;
        Iterator& operator++();
        Iterator operator++(int);
        friend bool operator==(const Iterator& a, const Iterator& b) {
            return a.rest_.size() == b.rest_.size();
        }

      private:
        friend class UserProperties;
        explicit Iterator(Bytes rest) : rest_(rest) {}
        Bytes rest_;
    };

    UserProperties() = default;
    explicit UserProperties(Bytes encoded) : encoded_(encoded) {}
    [[nodiscard]] Bytes encoded() const { return encoded_; }
    [[nodiscard]] bool empty() const { return encoded_.empty(); }
    [[nodiscard]] Iterator begin() const { return Iterator(encoded_); }
    [[nodiscard]] Iterator end() const { return Iterator(encoded_.last(0)); }

    /// The same properties in the same order.
    friend bool operator==(const UserProperties& a, const UserProperties& b) {
        return as_text(a.encoded_) == as_text(b.encoded_);
    }

  private:
    Bytes encoded_;
};

/// The properties of an application message that travel with it unaltered, still encoded and in
/// their order: payload format indicator, content type, response topic, correlation data, user
/// properties. Everything in the run has been validated. Typed access walks it.
struct MessageProperties {
    Bytes encoded;

    /// Takes a run that comes from a disk or another node. Errors: Malformed, Protocol.
    [[nodiscard]] static Result<MessageProperties> from_encoded(Bytes run);

    struct Fields {
        std::optional<std::uint8_t> payload_format_indicator;
        std::optional<std::string_view> content_type;
        std::optional<std::string_view> response_topic;
        std::optional<Bytes> correlation_data;
    };
    [[nodiscard]] Fields fields() const;

    /// The same properties in the same order.
    friend bool operator==(const MessageProperties& a, const MessageProperties& b) {
        return as_text(a.encoded) == as_text(b.encoded);
    }

    /// Calls `visit(UserProperty)` for each user property, in order.
    template <typename Visit>
    void for_each_user_property(Visit&& visit) const {
        Bytes rest = encoded;
        while (!rest.empty()) {
            const Item item = take_item(rest);
            if (item.id == PropertyId::UserProperty) {
                visit(UserProperty{as_text(item.value), as_text(item.second)});
            }
        }
    }

  private:
    struct Item {
        PropertyId id = PropertyId::UserProperty;
        Bytes value;
        Bytes second;  // the value of a user property, whose name comes first
    };
    /// Takes the first property off a run that is not empty.
    [[nodiscard]] static Item take_item(Bytes& run);
};

}  // namespace kith::mqtt

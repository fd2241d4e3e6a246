// Every MQTT control packet as a struct of views (MQTT 5.0, chapter 3).
//
// What a decoder returns points into the packet's bytes (or the Decoder's scratch) and is valid
// until the next decode; what an encoder takes is borrowed for the call. Fields that a version
// lacks keep their defaults: MQTT 3.x packets decode into the same structs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "wire/mqtt/properties.h"
#include "wire/mqtt/types.h"

namespace kith::mqtt {

/// The message that a server publishes when its client is gone.
struct Will {
    Qos qos = Qos::AtMostOnce;
    bool retain = false;
    std::string_view topic;
    Bytes payload;
    std::uint32_t will_delay_interval = 0;                 // seconds
    std::optional<std::uint32_t> message_expiry_interval;  // seconds
    MessageProperties properties;
};

struct Connect {
    Version version = Version::V5;
    bool clean_start = true;
    std::uint16_t keep_alive = 0;  // seconds, 0 is off
    std::string_view client_id;
    std::optional<Will> will;
    std::optional<std::string_view> user_name;
    std::optional<Bytes> password;

    std::uint32_t session_expiry_interval = 0;  // seconds; 0xFFFFFFFF never expires
    std::uint16_t receive_maximum = 65'535;
    std::optional<std::uint32_t> maximum_packet_size;
    std::uint16_t topic_alias_maximum = 0;
    bool request_response_information = false;
    bool request_problem_information = true;
    std::optional<std::string_view> authentication_method;
    std::optional<Bytes> authentication_data;
    UserProperties user_properties;
};

struct Connack {
    bool session_present = false;
    ReasonCode reason_code = ReasonCode::Success;

    std::optional<std::uint32_t> session_expiry_interval;
    std::optional<std::uint16_t> receive_maximum;
    std::optional<Qos> maximum_qos;
    std::optional<bool> retain_available;
    std::optional<std::uint32_t> maximum_packet_size;
    std::optional<std::string_view> assigned_client_identifier;
    std::optional<std::uint16_t> topic_alias_maximum;
    std::optional<std::string_view> reason_string;
    std::optional<bool> wildcard_subscription_available;
    std::optional<bool> subscription_identifiers_available;
    std::optional<bool> shared_subscription_available;
    std::optional<std::uint16_t> server_keep_alive;
    std::optional<std::string_view> response_information;
    std::optional<std::string_view> server_reference;
    std::optional<std::string_view> authentication_method;
    std::optional<Bytes> authentication_data;
    UserProperties user_properties;
};

struct Publish {
    bool dup = false;
    Qos qos = Qos::AtMostOnce;
    bool retain = false;
    std::string_view topic;  // empty if a topic alias stands for it
    PacketId packet_id;      // QoS 1 and 2
    Bytes payload;

    std::optional<std::uint32_t> message_expiry_interval;  // seconds
    std::optional<std::uint16_t> topic_alias;              // 1 to 65,535
    MessageProperties properties;
    /// Only server to client. Decoded into the Decoder's scratch.
    std::span<const std::uint32_t> subscription_identifiers;
};

/// PUBACK, PUBREC, PUBREL and PUBCOMP share one form.
struct Acknowledgement {
    PacketType type = PacketType::Puback;
    PacketId packet_id;
    ReasonCode reason_code = ReasonCode::Success;
    std::optional<std::string_view> reason_string;
    UserProperties user_properties;
};

enum class RetainHandling : std::uint8_t {
    SendOnSubscribe = 0,
    SendIfNew = 1,
    DoNotSend = 2,
};

/// One entry of a SUBSCRIBE. The filter is MQTT UTF-8 of at least one byte; whether it is a valid
/// topic filter is decided by bus/.
struct Subscription {
    std::string_view filter;
    Qos maximum_qos = Qos::AtMostOnce;
    bool no_local = false;
    bool retain_as_published = false;
    RetainHandling retain_handling = RetainHandling::SendOnSubscribe;

    friend bool operator==(const Subscription&, const Subscription&) = default;
};

struct Subscribe {
    PacketId packet_id;
    std::optional<std::uint32_t> subscription_identifier;  // 1 to 268,435,455
    UserProperties user_properties;
    std::span<const Subscription> subscriptions;  // at least one; in the Decoder's scratch
};

struct Suback {
    PacketId packet_id;
    std::optional<std::string_view> reason_string;
    UserProperties user_properties;
    std::span<const ReasonCode> reason_codes;  // one for each subscription, in order
};

struct Unsubscribe {
    PacketId packet_id;
    UserProperties user_properties;
    std::span<const std::string_view> filters;  // at least one; in the Decoder's scratch
};

struct Unsuback {
    PacketId packet_id;
    std::optional<std::string_view> reason_string;
    UserProperties user_properties;
    std::span<const ReasonCode> reason_codes;  // MQTT 5 only; 3.x has no payload
};

struct Pingreq {
    friend bool operator==(const Pingreq&, const Pingreq&) = default;
};

struct Pingresp {
    friend bool operator==(const Pingresp&, const Pingresp&) = default;
};

struct Disconnect {
    ReasonCode reason_code = ReasonCode::Success;
    std::optional<std::uint32_t> session_expiry_interval;
    std::optional<std::string_view> reason_string;
    std::optional<std::string_view> server_reference;
    UserProperties user_properties;
};

struct Auth {
    ReasonCode reason_code = ReasonCode::Success;
    std::optional<std::string_view> authentication_method;
    std::optional<Bytes> authentication_data;
    std::optional<std::string_view> reason_string;
    UserProperties user_properties;
};

/// Packets are equal if their fields are; views compare by content.
[[nodiscard]] bool operator==(const Will& a, const Will& b);
[[nodiscard]] bool operator==(const Connect& a, const Connect& b);
[[nodiscard]] bool operator==(const Connack& a, const Connack& b);
[[nodiscard]] bool operator==(const Publish& a, const Publish& b);
[[nodiscard]] bool operator==(const Acknowledgement& a, const Acknowledgement& b);
[[nodiscard]] bool operator==(const Subscribe& a, const Subscribe& b);
[[nodiscard]] bool operator==(const Suback& a, const Suback& b);
[[nodiscard]] bool operator==(const Unsubscribe& a, const Unsubscribe& b);
[[nodiscard]] bool operator==(const Unsuback& a, const Unsuback& b);
[[nodiscard]] bool operator==(const Disconnect& a, const Disconnect& b);
[[nodiscard]] bool operator==(const Auth& a, const Auth& b);

using Packet = std::variant<Connect, Connack, Publish, Acknowledgement, Subscribe, Suback,
                            Unsubscribe, Unsuback, Pingreq, Pingresp, Disconnect, Auth>;

}  // namespace kith::mqtt

// Makes random packets that a correct sender may send; every field, every property, every version.
//
// The same seed makes the same packets. Views point into the generator, which keeps all it made.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "base/random.h"
#include "wire/mqtt/decoder.h"
#include "wire/mqtt/testing/codec_testing.h"

namespace kith::mqtt::testing {

class RandomPackets {
  public:
    RandomPackets(std::uint64_t seed, Sender sender, Version version)
        : random_(seed), sender_(sender), version_(version) {}

    /// Any packet that the sender may send in the version.
    Packet any() {
        const bool is_v5 = version_ == Version::V5;
        switch (random_.below(10)) {
            case 0:
                return sender_ == Sender::Client ? Packet(connect()) : Packet(connack());
            case 1:
                return sender_ == Sender::Client ? Packet(subscribe()) : Packet(suback());
            case 2:
                return sender_ == Sender::Client ? Packet(unsubscribe()) : Packet(unsuback());
            case 3:
                return sender_ == Sender::Client ? Packet(Pingreq{}) : Packet(Pingresp{});
            case 4:
                return sender_ == Sender::Client || is_v5 ? Packet(disconnect())
                                                          : Packet(publish());
            case 5:
                return is_v5 ? Packet(auth()) : Packet(publish());
            case 6:
            case 7:
                return acknowledgement();
            default:
                return publish();
        }
    }

    Connect connect() {
        Connect packet;
        packet.version = version_;
        packet.clean_start = coin();
        packet.keep_alive = number<std::uint16_t>();
        packet.client_id = packet.clean_start || is_v5() ? text() : topic();
        if (coin()) {
            packet.will = will();
        }
        packet.user_name = maybe(&RandomPackets::text);
        if (packet.user_name || is_v5()) {
            packet.password = maybe(&RandomPackets::binary);
        }
        if (is_v5()) {
            packet.session_expiry_interval = number<std::uint32_t>();
            packet.receive_maximum = positive<std::uint16_t>();
            packet.maximum_packet_size = maybe(&RandomPackets::positive<std::uint32_t>);
            packet.topic_alias_maximum = number<std::uint16_t>();
            packet.request_response_information = coin();
            packet.request_problem_information = coin();
            packet.authentication_method = maybe(&RandomPackets::text);
            if (packet.authentication_method) {
                packet.authentication_data = maybe(&RandomPackets::binary);
            }
            packet.user_properties = user_properties();
        }
        return packet;
    }

    Will will() {
        Will will;
        will.qos = qos();
        will.retain = coin();
        will.topic = topic();
        will.payload = binary();
        if (is_v5()) {
            will.will_delay_interval = number<std::uint32_t>();
            will.message_expiry_interval = maybe(&RandomPackets::number<std::uint32_t>);
            will.properties = message_properties();
        }
        return will;
    }

    Connack connack() {
        Connack packet;
        if (!is_v5()) {
            packet.reason_code =
                pick({ReasonCode::Success, ReasonCode::UnsupportedProtocolVersion,
                      ReasonCode::ClientIdentifierNotValid, ReasonCode::ServerUnavailable,
                      ReasonCode::BadUserNameOrPassword, ReasonCode::NotAuthorized});
            packet.session_present =
                version_ == Version::V311 && packet.reason_code == ReasonCode::Success && coin();
            return packet;
        }
        packet.reason_code =
            pick({ReasonCode::Success, ReasonCode::UnspecifiedError, ReasonCode::Banned,
                  ReasonCode::QuotaExceeded, ReasonCode::ConnectionRateExceeded});
        packet.session_present = packet.reason_code == ReasonCode::Success && coin();
        packet.session_expiry_interval = maybe(&RandomPackets::number<std::uint32_t>);
        packet.receive_maximum = maybe(&RandomPackets::positive<std::uint16_t>);
        packet.maximum_qos = coin() ? std::nullopt : std::optional(static_cast<Qos>(coin()));
        packet.retain_available = maybe(&RandomPackets::coin);
        packet.maximum_packet_size = maybe(&RandomPackets::positive<std::uint32_t>);
        packet.assigned_client_identifier = maybe(&RandomPackets::text);
        packet.topic_alias_maximum = maybe(&RandomPackets::number<std::uint16_t>);
        packet.reason_string = maybe(&RandomPackets::text);
        packet.wildcard_subscription_available = maybe(&RandomPackets::coin);
        packet.subscription_identifiers_available = maybe(&RandomPackets::coin);
        packet.shared_subscription_available = maybe(&RandomPackets::coin);
        packet.server_keep_alive = maybe(&RandomPackets::number<std::uint16_t>);
        packet.response_information = maybe(&RandomPackets::text);
        packet.server_reference = maybe(&RandomPackets::text);
        packet.authentication_method = maybe(&RandomPackets::text);
        if (packet.authentication_method) {
            packet.authentication_data = maybe(&RandomPackets::binary);
        }
        packet.user_properties = user_properties();
        return packet;
    }

    Publish publish() {
        Publish packet;
        packet.qos = qos();
        packet.dup = packet.qos != Qos::AtMostOnce && coin();
        packet.retain = coin();
        packet.topic = topic();
        if (packet.qos != Qos::AtMostOnce) {
            packet.packet_id = packet_id();
        }
        packet.payload = binary();
        if (is_v5()) {
            packet.message_expiry_interval = maybe(&RandomPackets::number<std::uint32_t>);
            packet.topic_alias = maybe(&RandomPackets::positive<std::uint16_t>);
            if (packet.topic_alias && coin()) {
                packet.topic = {};
            }
            packet.properties = message_properties();
            if (sender_ == Sender::Server) {
                packet.subscription_identifiers = subscription_identifiers();
            }
        }
        return packet;
    }

    Acknowledgement acknowledgement() {
        Acknowledgement packet;
        packet.type =
            pick({PacketType::Puback, PacketType::Pubrec, PacketType::Pubrel, PacketType::Pubcomp});
        packet.packet_id = packet_id();
        if (is_v5()) {
            const bool is_reception =
                packet.type == PacketType::Puback || packet.type == PacketType::Pubrec;
            packet.reason_code =
                is_reception ? pick({ReasonCode::Success, ReasonCode::NoMatchingSubscribers,
                                     ReasonCode::QuotaExceeded})
                             : pick({ReasonCode::Success, ReasonCode::PacketIdentifierNotFound});
            packet.reason_string = maybe(&RandomPackets::text);
            packet.user_properties = user_properties();
        }
        return packet;
    }

    Subscribe subscribe() {
        Subscribe packet;
        packet.packet_id = packet_id();
        if (is_v5()) {
            packet.subscription_identifier = maybe(&RandomPackets::subscription_identifier);
            packet.user_properties = user_properties();
        }
        auto& subscriptions = subscriptions_.emplace_back(1 + random_.below(5));
        for (Subscription& subscription : subscriptions) {
            subscription.filter = topic();
            subscription.maximum_qos = qos();
            if (is_v5()) {
                subscription.no_local = coin();
                subscription.retain_as_published = coin();
                subscription.retain_handling =
                    pick({RetainHandling::SendOnSubscribe, RetainHandling::SendIfNew,
                          RetainHandling::DoNotSend});
            }
        }
        packet.subscriptions = subscriptions;
        return packet;
    }

    Suback suback() {
        Suback packet;
        packet.packet_id = packet_id();
        auto& codes = reason_codes_.emplace_back(1 + random_.below(5));
        for (ReasonCode& code : codes) {
            code = pick({ReasonCode::Success, ReasonCode::GrantedQos1, ReasonCode::GrantedQos2,
                         ReasonCode::UnspecifiedError,
                         is_v5() ? ReasonCode::NotAuthorized : ReasonCode::UnspecifiedError});
        }
        packet.reason_codes = codes;
        if (is_v5()) {
            packet.reason_string = maybe(&RandomPackets::text);
            packet.user_properties = user_properties();
        }
        return packet;
    }

    Unsubscribe unsubscribe() {
        Unsubscribe packet;
        packet.packet_id = packet_id();
        auto& filters = filters_.emplace_back(1 + random_.below(5));
        for (std::string_view& filter : filters) {
            filter = topic();
        }
        packet.filters = filters;
        if (is_v5()) {
            packet.user_properties = user_properties();
        }
        return packet;
    }

    Unsuback unsuback() {
        Unsuback packet;
        packet.packet_id = packet_id();
        if (is_v5()) {
            auto& codes = reason_codes_.emplace_back(1 + random_.below(5));
            for (ReasonCode& code : codes) {
                code = pick({ReasonCode::Success, ReasonCode::NoSubscriptionExisted,
                             ReasonCode::NotAuthorized});
            }
            packet.reason_codes = codes;
            packet.reason_string = maybe(&RandomPackets::text);
            packet.user_properties = user_properties();
        }
        return packet;
    }

    Disconnect disconnect() {
        Disconnect packet;
        if (is_v5()) {
            const bool from_client = sender_ == Sender::Client;
            packet.reason_code = pick({ReasonCode::Success, ReasonCode::ProtocolError,
                                       from_client ? ReasonCode::DisconnectWithWillMessage
                                                   : ReasonCode::SessionTakenOver});
            if (from_client) {
                packet.session_expiry_interval = maybe(&RandomPackets::number<std::uint32_t>);
            }
            packet.reason_string = maybe(&RandomPackets::text);
            packet.server_reference = maybe(&RandomPackets::text);
            packet.user_properties = user_properties();
        }
        return packet;
    }

    Auth auth() {
        Auth packet;
        const bool from_client = sender_ == Sender::Client;
        packet.reason_code = pick({ReasonCode::ContinueAuthentication,
                                   from_client ? ReasonCode::ReAuthenticate : ReasonCode::Success});
        packet.authentication_method = text();
        packet.authentication_data = maybe(&RandomPackets::binary);
        packet.reason_string = maybe(&RandomPackets::text);
        packet.user_properties = user_properties();
        return packet;
    }

    /// Forwardable properties in any order.
    MessageProperties message_properties() {
        Buffer& run = buffers_.emplace_back();
        const bool backwards = coin();
        if (backwards) {
            append_user_properties(run);
        }
        MessageProperties::Fields fields;
        if (coin()) {
            fields.payload_format_indicator = coin() ? 1 : 0;
        }
        fields.content_type = maybe(&RandomPackets::text);
        fields.response_topic = maybe(&RandomPackets::topic);
        fields.correlation_data = maybe(&RandomPackets::binary);
        const Buffer encoded = encode_message_properties(fields, {});
        run.insert(run.end(), encoded.begin(), encoded.end());
        if (!backwards) {
            append_user_properties(run);
        }
        return {.encoded = run};
    }

    std::string_view topic() {
        std::string& made = texts_.emplace_back(
            pick({"a", "tel/lkw-12/pos", "$SYS/x", "日本/温度", "/", "plant/h2/oven-3/temp_c"}));
        made += std::string(random_.below(20), 'x');
        return made;
    }

    Random& random() { return random_; }

  private:
    [[nodiscard]] bool is_v5() const { return version_ == Version::V5; }
    bool coin() { return random_.below(2) == 0; }
    Qos qos() { return static_cast<Qos>(random_.below(3)); }

    template <typename T>
    T number() {
        // The ends of the range are where encoders go wrong.
        const T edges[] = {0, 1, 127, 128, 255, static_cast<T>(~T{0})};
        return coin() ? edges[random_.below(std::size(edges))] : static_cast<T>(random_.next());
    }
    template <typename T>
    T positive() {
        return std::max<T>(number<T>(), 1);
    }
    PacketId packet_id() { return PacketId(positive<std::uint16_t>()); }

    template <typename T>
    T pick(std::initializer_list<T> choices) {
        return choices.begin()[random_.below(choices.size())];
    }
    template <typename T>
    std::optional<T> maybe(T (RandomPackets::*make)()) {
        return coin() ? std::optional((this->*make)()) : std::nullopt;
    }

    std::string_view text() {
        std::string& made = texts_.emplace_back();
        for (std::uint64_t i = random_.below(8); i > 0; --i) {
            made += pick({"x", "machine ", "\x7F", "\u00FC", "\uFEFF", "\uFFFF", "\U0010FFFF"});
        }
        return made;
    }

    Bytes binary() {
        // Now and then long enough for a remaining length of two or three bytes.
        const std::uint64_t bytes_max = pick<std::uint64_t>({0, 3, 30, 200, 20'000});
        Buffer& made = buffers_.emplace_back(random_.below(bytes_max + 1));
        for (std::uint8_t& byte : made) {
            byte = static_cast<std::uint8_t>(random_.next());
        }
        return made;
    }

    void append_user_properties(Buffer& run) {
        for (std::uint64_t i = random_.below(4); i > 0; --i) {
            append_user_property(run, {text(), text()});
        }
    }
    UserProperties user_properties() {
        Buffer& run = buffers_.emplace_back();
        append_user_properties(run);
        return UserProperties(run);
    }

    std::uint32_t subscription_identifier() {
        return pick<std::uint32_t>(
            {1, 127, 128, 16'383, 16'384, 2'097'151, 2'097'152, kVariableByteIntegerMax});
    }
    std::span<const std::uint32_t> subscription_identifiers() {
        auto& made = identifiers_.emplace_back(random_.below(4));
        for (std::uint32_t& identifier : made) {
            identifier = subscription_identifier();
        }
        return made;
    }

    Random random_;
    Sender sender_;
    Version version_;
    std::deque<std::string> texts_;
    std::deque<Buffer> buffers_;
    std::deque<std::vector<Subscription>> subscriptions_;
    std::deque<std::vector<ReasonCode>> reason_codes_;
    std::deque<std::vector<std::string_view>> filters_;
    std::deque<std::vector<std::uint32_t>> identifiers_;
};

}  // namespace kith::mqtt::testing

#include "wire/mqtt/types.h"

#include <algorithm>
#include <array>

namespace kith::mqtt {

namespace {

struct ReasonName {
    ReasonCode code;
    std::string_view name;
};

/// MQTT 5.0, table 2-6.
constexpr std::array kReasonNames{
    ReasonName{ReasonCode::Success, "success"},
    ReasonName{ReasonCode::GrantedQos1, "granted QoS 1"},
    ReasonName{ReasonCode::GrantedQos2, "granted QoS 2"},
    ReasonName{ReasonCode::DisconnectWithWillMessage, "disconnect with will message"},
    ReasonName{ReasonCode::NoMatchingSubscribers, "no matching subscribers"},
    ReasonName{ReasonCode::NoSubscriptionExisted, "no subscription existed"},
    ReasonName{ReasonCode::ContinueAuthentication, "continue authentication"},
    ReasonName{ReasonCode::ReAuthenticate, "re-authenticate"},
    ReasonName{ReasonCode::UnspecifiedError, "unspecified error"},
    ReasonName{ReasonCode::MalformedPacket, "malformed packet"},
    ReasonName{ReasonCode::ProtocolError, "protocol error"},
    ReasonName{ReasonCode::ImplementationSpecificError, "implementation specific error"},
    ReasonName{ReasonCode::UnsupportedProtocolVersion, "unsupported protocol version"},
    ReasonName{ReasonCode::ClientIdentifierNotValid, "client identifier not valid"},
    ReasonName{ReasonCode::BadUserNameOrPassword, "bad user name or password"},
    ReasonName{ReasonCode::NotAuthorized, "not authorized"},
    ReasonName{ReasonCode::ServerUnavailable, "server unavailable"},
    ReasonName{ReasonCode::ServerBusy, "server busy"},
    ReasonName{ReasonCode::Banned, "banned"},
    ReasonName{ReasonCode::ServerShuttingDown, "server shutting down"},
    ReasonName{ReasonCode::BadAuthenticationMethod, "bad authentication method"},
    ReasonName{ReasonCode::KeepAliveTimeout, "keep alive timeout"},
    ReasonName{ReasonCode::SessionTakenOver, "session taken over"},
    ReasonName{ReasonCode::TopicFilterInvalid, "topic filter invalid"},
    ReasonName{ReasonCode::TopicNameInvalid, "topic name invalid"},
    ReasonName{ReasonCode::PacketIdentifierInUse, "packet identifier in use"},
    ReasonName{ReasonCode::PacketIdentifierNotFound, "packet identifier not found"},
    ReasonName{ReasonCode::ReceiveMaximumExceeded, "receive maximum exceeded"},
    ReasonName{ReasonCode::TopicAliasInvalid, "topic alias invalid"},
    ReasonName{ReasonCode::PacketTooLarge, "packet too large"},
    ReasonName{ReasonCode::MessageRateTooHigh, "message rate too high"},
    ReasonName{ReasonCode::QuotaExceeded, "quota exceeded"},
    ReasonName{ReasonCode::AdministrativeAction, "administrative action"},
    ReasonName{ReasonCode::PayloadFormatInvalid, "payload format invalid"},
    ReasonName{ReasonCode::RetainNotSupported, "retain not supported"},
    ReasonName{ReasonCode::QosNotSupported, "QoS not supported"},
    ReasonName{ReasonCode::UseAnotherServer, "use another server"},
    ReasonName{ReasonCode::ServerMoved, "server moved"},
    ReasonName{ReasonCode::SharedSubscriptionsNotSupported, "shared subscriptions not supported"},
    ReasonName{ReasonCode::ConnectionRateExceeded, "connection rate exceeded"},
    ReasonName{ReasonCode::MaximumConnectTime, "maximum connect time"},
    ReasonName{ReasonCode::SubscriptionIdentifiersNotSupported,
               "subscription identifiers not supported"},
    ReasonName{ReasonCode::WildcardSubscriptionsNotSupported,
               "wildcard subscriptions not supported"},
};

}  // namespace

std::string_view to_string(ReasonCode code) {
    const auto* found = std::ranges::find(kReasonNames, code, &ReasonName::code);
    return found == kReasonNames.end() ? "unknown" : found->name;
}

std::string_view to_string(PacketType type) {
    switch (type) {
        case PacketType::Connect:
            return "CONNECT";
        case PacketType::Connack:
            return "CONNACK";
        case PacketType::Publish:
            return "PUBLISH";
        case PacketType::Puback:
            return "PUBACK";
        case PacketType::Pubrec:
            return "PUBREC";
        case PacketType::Pubrel:
            return "PUBREL";
        case PacketType::Pubcomp:
            return "PUBCOMP";
        case PacketType::Subscribe:
            return "SUBSCRIBE";
        case PacketType::Suback:
            return "SUBACK";
        case PacketType::Unsubscribe:
            return "UNSUBSCRIBE";
        case PacketType::Unsuback:
            return "UNSUBACK";
        case PacketType::Pingreq:
            return "PINGREQ";
        case PacketType::Pingresp:
            return "PINGRESP";
        case PacketType::Disconnect:
            return "DISCONNECT";
        case PacketType::Auth:
            return "AUTH";
    }
    return "unknown";
}

}  // namespace kith::mqtt

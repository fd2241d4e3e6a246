#include "wire/mqtt/types.h"

namespace kith::mqtt {

std::string_view to_string(ReasonCode code) {
    switch (code) {
        case ReasonCode::Success:
            return "success";
        case ReasonCode::GrantedQos1:
            return "granted QoS 1";
        case ReasonCode::GrantedQos2:
            return "granted QoS 2";
        case ReasonCode::DisconnectWithWillMessage:
            return "disconnect with will message";
        case ReasonCode::NoMatchingSubscribers:
            return "no matching subscribers";
        case ReasonCode::NoSubscriptionExisted:
            return "no subscription existed";
        case ReasonCode::ContinueAuthentication:
            return "continue authentication";
        case ReasonCode::ReAuthenticate:
            return "re-authenticate";
        case ReasonCode::UnspecifiedError:
            return "unspecified error";
        case ReasonCode::MalformedPacket:
            return "malformed packet";
        case ReasonCode::ProtocolError:
            return "protocol error";
        case ReasonCode::ImplementationSpecificError:
            return "implementation specific error";
        case ReasonCode::UnsupportedProtocolVersion:
            return "unsupported protocol version";
        case ReasonCode::ClientIdentifierNotValid:
            return "client identifier not valid";
        case ReasonCode::BadUserNameOrPassword:
            return "bad user name or password";
        case ReasonCode::NotAuthorized:
            return "not authorized";
        case ReasonCode::ServerUnavailable:
            return "server unavailable";
        case ReasonCode::ServerBusy:
            return "server busy";
        case ReasonCode::Banned:
            return "banned";
        case ReasonCode::ServerShuttingDown:
            return "server shutting down";
        case ReasonCode::BadAuthenticationMethod:
            return "bad authentication method";
        case ReasonCode::KeepAliveTimeout:
            return "keep alive timeout";
        case ReasonCode::SessionTakenOver:
            return "session taken over";
        case ReasonCode::TopicFilterInvalid:
            return "topic filter invalid";
        case ReasonCode::TopicNameInvalid:
            return "topic name invalid";
        case ReasonCode::PacketIdentifierInUse:
            return "packet identifier in use";
        case ReasonCode::PacketIdentifierNotFound:
            return "packet identifier not found";
        case ReasonCode::ReceiveMaximumExceeded:
            return "receive maximum exceeded";
        case ReasonCode::TopicAliasInvalid:
            return "topic alias invalid";
        case ReasonCode::PacketTooLarge:
            return "packet too large";
        case ReasonCode::MessageRateTooHigh:
            return "message rate too high";
        case ReasonCode::QuotaExceeded:
            return "quota exceeded";
        case ReasonCode::AdministrativeAction:
            return "administrative action";
        case ReasonCode::PayloadFormatInvalid:
            return "payload format invalid";
        case ReasonCode::RetainNotSupported:
            return "retain not supported";
        case ReasonCode::QosNotSupported:
            return "QoS not supported";
        case ReasonCode::UseAnotherServer:
            return "use another server";
        case ReasonCode::ServerMoved:
            return "server moved";
        case ReasonCode::SharedSubscriptionsNotSupported:
            return "shared subscriptions not supported";
        case ReasonCode::ConnectionRateExceeded:
            return "connection rate exceeded";
        case ReasonCode::MaximumConnectTime:
            return "maximum connect time";
        case ReasonCode::SubscriptionIdentifiersNotSupported:
            return "subscription identifiers not supported";
        case ReasonCode::WildcardSubscriptionsNotSupported:
            return "wildcard subscriptions not supported";
    }
    return "unknown";
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

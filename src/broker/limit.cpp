#include "broker/limit.h"

namespace kith::broker {
namespace {

constexpr std::array<LimitFacts, kLimitCount> kFacts = {{
    {"connections", "mqtt.connections_max", "connections", "as many connections as allowed"},
    {"pending_connections", "mqtt.pending_connections_max", "connections",
     "as many connections without CONNECT as allowed"},
    {"pending_bytes", "mqtt.pending_bytes_max", "bytes",
     "connections without CONNECT hold as many bytes as allowed"},
    {"sessions", "mqtt.sessions_max", "sessions", "as many sessions as allowed"},
    {"subscriptions", "mqtt.subscriptions_max", "subscriptions",
     "as many subscriptions as allowed"},
    {"session_subscriptions", "mqtt.subscriptions_per_session_max", "subscriptions",
     "as many subscriptions of one session as allowed"},
    {"subscribe_filters", "mqtt.subscribe_filters_max", "filters",
     "as many filters in one SUBSCRIBE as allowed"},
    {"topic_levels", "mqtt.topic_levels_max", "levels", "a topic has more levels than allowed"},
    {"topics", "mqtt.topics_max", "topics", "topics were forgotten to make room"},
    {"client_topics", "mqtt.client_topics_max", "topics",
     "a client publishes to more topics than are remembered for it"},
    {"retained_messages", "mqtt.retained_messages_max", "messages",
     "as many retained messages as allowed"},
    {"retained_bytes", "mqtt.retained_bytes_max", "bytes",
     "as many bytes of retained messages as allowed"},
    {"queued_bytes", "mqtt.queued_bytes_max", "bytes",
     "messages that wait fill the memory they may have"},
    {"session_queue", "mqtt.session_queue_messages_max", "messages",
     "as many messages wait for one session as allowed"},
    {"receive_maximum", "mqtt.receive_maximum", "messages",
     "a client has more messages under way than allowed"},
    {"will_bytes", "mqtt.will_bytes_max", "bytes", "a will is larger than allowed"},
    {"wills_bytes", "mqtt.wills_bytes_max", "bytes", "wills take as many bytes as allowed"},
    {"client_messages", "mqtt.client_messages_per_s_max", "messages/s",
     "a client publishes faster than allowed"},
    {"client_bytes", "mqtt.client_bytes_per_s_max", "bytes/s",
     "a client sends more bytes a second than allowed"},
    {"listener_messages", "mqtt.listener_messages_per_s_max", "messages/s",
     "clients of one listener publish faster than allowed"},
    {"listener_bytes", "mqtt.listener_bytes_per_s_max", "bytes/s",
     "clients of one listener send more bytes a second than allowed"},
    {"client_retained", "mqtt.client_retained_per_s_max", "messages/s",
     "a client stores retained messages faster than allowed"},
    {"connects", "mqtt.connects_per_s_max", "connects/s", "clients connect faster than allowed"},
    {"address_connects", "mqtt.address_connects_per_s_max", "connects/s",
     "one address connects more often than allowed"},
    {"failed_connects", "mqtt.address_failed_connects_per_min_max", "connects/min",
     "one address fails to connect more often than allowed"},
}};

}  // namespace

const LimitFacts& facts_of(Limit limit) {
    return kFacts[static_cast<std::size_t>(limit)];
}

}  // namespace kith::broker

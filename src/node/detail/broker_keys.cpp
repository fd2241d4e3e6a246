#include "node/detail/broker_keys.h"

#include "node/detail/key_kinds.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace kith::node {
namespace {

void add_limit_keys(std::vector<ConfigKey>& keys) {
    keys.push_back(integer_key({"mqtt.packet_bytes_max", "1024 to 268435455, or \"1MiB\"",
                                "Largest packet taken; larger ones end the connection. In a mesh, "
                                "at most 1 MiB: what reaches other nodes."},
                               {1024, 268'435'455}, MEMBER(broker.packet_bytes_max)));
    keys.push_back(integer_key({"mqtt.connections_max", "1 to 10000000",
                                "Connections of the node; more are closed at once."},
                               {1, 10'000'000}, MEMBER(broker.connections_max)));
    keys.push_back(integer_key(
        {"mqtt.sessions_max", "1 to 100000000", "Sessions, connected or not; more are refused."},
        {1, 100'000'000}, MEMBER(broker.sessions_max)));
    keys.push_back(integer_key({"mqtt.session_queue_messages_max", "1 to 10000000",
                                "Messages that may wait for one session; more are dropped for it."},
                               {1, 10'000'000}, MEMBER(broker.session_queue_messages_max)));
    keys.push_back(
        integer_key({"mqtt.session_queue_bytes_max", "1024 to 1099511627776, or \"64MiB\"",
                     "The same in bytes; whichever comes first."},
                    {1024, 1'099'511'627'776}, MEMBER(broker.session_queue_bytes_max)));
    keys.push_back(
        integer_key({"mqtt.session_window_messages_max", "1 to 32000",
                     "Of these, in memory for a durable session; the others are on disk only."},
                    {1, 32'000}, MEMBER(broker.session_window_messages_max)));
    keys.push_back(integer_key(
        {"mqtt.queue_memory_bytes_max", "0 to 1099511627776, or \"256MiB\"",
         "Waiting messages of all durable sessions in memory; others are on disk only."},
        {0, 1'099'511'627'776}, MEMBER(broker.queue_memory_bytes_max)));
    keys.push_back(integer_key({"mqtt.inflight_messages_max", "1 to 60000",
                                "QoS 1 and 2 messages under way to one client at a time."},
                               {1, 60'000}, MEMBER(broker.inflight_messages_max)));
    keys.push_back(
        integer_key({"mqtt.receive_maximum", "1 to 65535",
                     "QoS 1 and 2 messages that one client may have under way to the node."},
                    {1, 65'535}, MEMBER(broker.receive_maximum)));
    keys.push_back(integer_key(
        {"mqtt.topic_alias_maximum", "0 to 65535", "Topic aliases a connection may use, each way."},
        {0, 65'535}, MEMBER(broker.topic_alias_maximum)));
    keys.push_back(integer_key({"mqtt.subscriptions_per_session_max", "1 to 1000000",
                                "Subscriptions of one session; more are refused."},
                               {1, 1'000'000}, MEMBER(broker.subscriptions_per_session_max)));
    keys.push_back(integer_key({"mqtt.retained_messages_max", "0 to 100000000",
                                "Retained messages of the node; more are refused."},
                               {0, 100'000'000}, MEMBER(broker.retained_messages_max)));
    keys.push_back(integer_key({"mqtt.retained_bytes_max", "0 to 1099511627776, or \"1GiB\"",
                                "The same in bytes; whichever comes first."},
                               {0, 1'099'511'627'776}, MEMBER(broker.retained_bytes_max)));
    keys.push_back(
        integer_key({"mqtt.topics_max", "1000 to 10000000",
                     "Topics the node remembers with route and last value; no limit on use."},
                    {1000, 10'000'000}, MEMBER(broker.topics_max)));
    keys.push_back(integer_key({"mqtt.session_expiry_interval_max_s", "0 to 4294967295",
                                "Longest time, in seconds, that a session outlives its connection; "
                                "4294967295 is for ever."},
                               {0, 4'294'967'295}, MEMBER(broker.session_expiry_interval_max_s)));
    keys.push_back(duration_key({"mqtt.connect_timeout", "\"100ms\" to \"10min\"",
                                 "How long a connection may take to send CONNECT and be let in."},
                                {100ms, 10min}, MEMBER(broker.connect_timeout)));
    keys.push_back(
        duration_key({"mqtt.slow_consumer_hold", "\"0ms\" to \"10s\"",
                      "How long publishers wait for a subscriber that cannot keep up before "
                      "QoS 0 messages to it are dropped."},
                     {0ms, 10s}, MEMBER(broker.slow_consumer_hold)));
    keys.push_back(
        duration_key({"mqtt.full_queue_hold", "\"0ms\" to \"1min\"",
                      "How long publishers wait for a connected subscriber whose queue is nearly "
                      "full before QoS 1 and 2 messages beyond it are dropped."},
                     {0ms, 1min}, MEMBER(broker.full_queue_hold)));
    keys.push_back(duration_key(
        {"mqtt.sys_interval", "\"0ms\" to \"1h\"", "How often $SYS is published; \"0ms\" never."},
        {0ms, 1h}, MEMBER(broker.sys_interval)));
}

ConfigKey over_rate_key() {
    return {
        .name = "mqtt.over_rate",
        .expected = R"("delay" or "disconnect")",
        .summary =
            "What happens to a client that is faster than its rates: it is read more "
            "slowly, or disconnected (MQTT 5: 0x96).",
        .is_reloadable = true,
        .set =
            [](NodeConfig& config, const ConfigValue& value) {
                config.broker.over_rate = value.text == "disconnect" ? broker::OverRate::Disconnect
                                                                     : broker::OverRate::Delay;
                return value.type == KeyType::Text &&
                       (value.text == "delay" || value.text == "disconnect");
            },
        .show =
            [](const NodeConfig& config) {
                return quoted(config.broker.over_rate == broker::OverRate::Delay ? "delay"
                                                                                 : "disconnect");
            }};
}

/// Limits of the node and of its clients that have to do with how much and how fast.
void add_overload_keys(std::vector<ConfigKey>& keys) {
    constexpr std::int64_t kBytesMax = 1'099'511'627'776;
    constexpr std::int64_t kCountMax = 100'000'000;
    constexpr std::int64_t kRateMax = 4'294'967'295;
    constexpr std::string_view kRate = "0 to 4294967295";
    constexpr std::string_view kByteRate = "0 to 1099511627776, or \"1MiB\"";
    keys.push_back(integer_key(
        {"mqtt.queued_bytes_max", "0 to 1099511627776, or \"512MiB\"",
         "Memory of all that waits: queues, output, packets in part, uncommitted changes. As it "
         "fills, whoever holds most waits or loses first. 0: a quarter of the memory that the "
         "node may use, 16 MiB to 8 GiB."},
        {0, kBytesMax}, MEMBER(broker.queued_bytes_max)));
    keys.push_back(integer_key({"mqtt.pending_connections_max", "1 to 100000000",
                                "Connections at a time that have not been let in yet; more are "
                                "closed at once."},
                               {1, kCountMax}, MEMBER(broker.pending_connections_max)));
    keys.push_back(integer_key({"mqtt.pending_bytes_max", "65536 to 1099511627776, or \"64MiB\"",
                                "Bytes that these may make the node hold, together."},
                               {65'536, kBytesMax}, MEMBER(broker.pending_bytes_max)));
    keys.push_back(integer_key({"mqtt.subscriptions_max", "1 to 100000000",
                                "Subscriptions of the node; more are refused."},
                               {1, kCountMax}, MEMBER(broker.subscriptions_max)));
    keys.push_back(integer_key({"mqtt.subscribe_filters_max", "1 to 100000000",
                                "Filters that one SUBSCRIBE may ask for; more are refused."},
                               {1, kCountMax}, MEMBER(broker.subscribe_filters_max)));
    keys.push_back(integer_key(
        {"mqtt.topic_levels_max", "1 to 32",
         "Levels of a topic or filter; messages and subscriptions with more are refused."},
        {1, 32}, MEMBER(broker.topic_levels_max)));
    keys.push_back(integer_key({"mqtt.client_topics_max", "1 to 100000000",
                                "Topics that a shard remembers for one client; it may publish to "
                                "more, a little more slowly."},
                               {1, kCountMax}, MEMBER(broker.client_topics_max)));
    keys.push_back(integer_key({"mqtt.will_bytes_max", "0 to 268435455, or \"128KiB\"",
                                "Largest will, with topic and properties; who has a larger one is "
                                "refused."},
                               {0, 268'435'455}, MEMBER(broker.will_bytes_max)));
    keys.push_back(integer_key({"mqtt.wills_bytes_max", "0 to 1099511627776, or \"256MiB\"",
                                "Bytes of all wills; clients with more are refused."},
                               {0, kBytesMax}, MEMBER(broker.wills_bytes_max)));
    keys.push_back(integer_key({"mqtt.client_messages_per_s_max", kRate,
                                "PUBLISH packets of one client a second; 0 is no limit."},
                               {0, kRateMax}, MEMBER(broker.client_messages_per_s_max)));
    keys.push_back(integer_key({"mqtt.client_bytes_per_s_max", kByteRate,
                                "Bytes that one client sends a second; 0 is no limit."},
                               {0, kBytesMax}, MEMBER(broker.client_bytes_per_s_max)));
    keys.push_back(integer_key({"mqtt.client_retained_per_s_max", kRate,
                                "Retained messages that one client stores a second; more are "
                                "refused. 0 is no limit."},
                               {0, kRateMax}, MEMBER(broker.client_retained_per_s_max)));
    keys.push_back(integer_key({"mqtt.listener_messages_per_s_max", kRate,
                                "PUBLISH packets a second of all clients of one listener (TCP, "
                                "TLS, WebSocket); 0 is no limit."},
                               {0, kRateMax}, MEMBER(broker.listener_messages_per_s_max)));
    keys.push_back(integer_key({"mqtt.listener_bytes_per_s_max", kByteRate, "The same in bytes."},
                               {0, kBytesMax}, MEMBER(broker.listener_bytes_per_s_max)));
    keys.push_back(over_rate_key());
    keys.push_back(integer_key({"mqtt.connects_per_s_max", kRate,
                                "CONNECTs of the node a second; more are refused (0x9F). 0 is no "
                                "limit."},
                               {0, kRateMax}, MEMBER(broker.connects_per_s_max)));
    keys.push_back(integer_key({"mqtt.address_connects_per_s_max", kRate,
                                "CONNECTs of one address a second (of IPv6, the first 64 bits); "
                                "0 is no limit."},
                               {0, kRateMax}, MEMBER(broker.address_connects_per_s_max)));
    keys.push_back(integer_key({"mqtt.address_failed_connects_per_min_max", kRate,
                                "How often a minute clients of one address may fail to be let in "
                                "before all of it is refused for a while; 0 is no limit."},
                               {0, kRateMax}, MEMBER(broker.address_failed_connects_per_min_max)));
}

/// What SIGHUP applies: all of the broker but what clients have been told when they connected.
void mark_reloadable(std::vector<ConfigKey>& keys) {
    constexpr std::string_view kFixed[] = {"mqtt.address",
                                           "mqtt.insecure",
                                           "mqtt.anonymous",
                                           "mqtt.packet_bytes_max",
                                           "mqtt.receive_maximum",
                                           "mqtt.topic_alias_maximum",
                                           "mqtt.sys_interval",
                                           "mqtt.inflight_messages_max",
                                           "mqtt.session_expiry_interval_max_s"};
    for (ConfigKey& key : keys) {
        if (key.name.starts_with("mqtt.") &&
            std::ranges::find(kFixed, key.name) == std::end(kFixed)) {
            key.is_reloadable = true;
        }
    }
}

}  // namespace

void add_broker_keys(std::vector<ConfigKey>& keys) {
    add_limit_keys(keys);
    add_overload_keys(keys);
    mark_reloadable(keys);
}

}  // namespace kith::node

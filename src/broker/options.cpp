#include "broker/options.h"

#include "broker/limits.h"

namespace kith::broker {

Status check_options(const BrokerOptions& options) {
    if (options.session_queue_messages_max == 0 ||
        options.session_queue_messages_max > kSessionQueueMessagesLimit) {
        return fail(ErrorKind::Invalid, "session queue: 1 to 10000000 messages");
    }
    if (options.session_window_messages_max == 0 ||
        options.session_window_messages_max > kSessionWindowMessagesLimit) {
        return fail(ErrorKind::Invalid, "session window: 1 to 32000 messages");
    }
    if (options.inflight_messages_max == 0 || options.receive_maximum == 0) {
        return fail(ErrorKind::Invalid, "messages under way: at least 1");
    }
    if (options.packet_bytes_max < kPacketBytesMin) {
        return fail(ErrorKind::Invalid, "packets: at least 1024 bytes");
    }
    if (options.topics_max == 0 || options.connections_max == 0 || options.sessions_max == 0) {
        return fail(ErrorKind::Invalid, "topics, connections, sessions: at least 1");
    }
    if (options.topic_levels_max == 0 || options.topic_levels_max > limits::kTopicLevelsMax) {
        return fail(ErrorKind::Invalid, "topic levels: 1 to 32");
    }
    return {};
}

BrokerOptions reloaded(const BrokerOptions& current, const BrokerOptions& wanted) {
    BrokerOptions options = wanted;
    options.packet_bytes_max = current.packet_bytes_max;
    options.receive_maximum = current.receive_maximum;
    options.topic_alias_maximum = current.topic_alias_maximum;
    options.inflight_messages_max = current.inflight_messages_max;
    options.session_expiry_interval_max_s = current.session_expiry_interval_max_s;
    options.sys_interval = current.sys_interval;
    return options;
}

}  // namespace kith::broker

#include "broker/options.h"

#include "broker/limits.h"

namespace kith::broker {

Status check_options(const BrokerOptions& options) {
    if (options.session_queue_messages_max == 0 ||
        options.session_queue_messages_max > kSessionQueueMessagesLimit) {
        return fail(ErrorKind::Invalid, "session queue: 1 to 32000 messages");
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
    return {};
}

}  // namespace kith::broker

#include "api/connect_state.h"

#include "api/limits.h"

namespace kith::api {

ConnectState connect_state(std::string_view id, WallTime since, std::span<const NodeEvent> events,
                           const TopicBoard& topics) {
    ConnectState state;
    // From the newest to the oldest: the last assignment is the first event.
    for (const NodeEvent& event : events) {
        if (event.machine != id || event.at < since) {
            continue;
        }
        if (event.kind == "client_connected") {
            state.accepted_at = event.at;
            state.reached_at = event.at;
        } else if (event.kind == "client_refused") {
            state.reached_at = event.at;
            if (state.refused_at == WallTime()) {
                state.refused_at = event.at;
                state.refused_reason = event.reason;
            }
        }
    }
    for (const TopicRow& row : topics.published_by(id, kRowsMax)) {
        if (row.value->at < since) {
            break;  // newest first
        }
        state.first_message = KeptMessage{.at = row.value->at,
                                          .direction = Direction::In,
                                          .client = std::string(id),
                                          .topic = row.path,
                                          .payload = row.value->payload,
                                          .payload_bytes = row.value->payload_bytes,
                                          .qos = row.value->qos,
                                          .retain = row.is_retained};
    }
    return state;
}

}  // namespace kith::api

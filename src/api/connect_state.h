// How far a new machine has come: what the Connect page asks while somebody waits for it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/backend.h"
#include "api/message_recorder.h"
#include "api/topic_board.h"

namespace kith::api {

/// Times are 0 for what has not happened.
struct ConnectState {
    WallTime reached_at;
    WallTime accepted_at;
    WallTime refused_at;  // the last time
    std::string refused_reason;
    std::optional<KeptMessage> first_message;  // the earliest that is still the last of its topic
};

/// What happened to the machine `id` since `since`. `events` are the newest first.
[[nodiscard]] ConnectState connect_state(std::string_view id, WallTime since,
                                         std::span<const NodeEvent> events,
                                         const TopicBoard& topics);

}  // namespace kith::api

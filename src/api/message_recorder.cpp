#include "api/message_recorder.h"

#include <algorithm>

#include "api/limits.h"

namespace kith::api {

KeptMessage keep(const TappedMessage& message) {
    const std::string_view payload = as_text(message.payload);
    return {.at = message.at,
            .direction = message.direction,
            .client = std::string(message.client),
            .topic = std::string(message.topic),
            .payload = std::string(payload.substr(0, kShownPayloadBytes)),
            .payload_bytes = payload.size(),
            .qos = message.qos,
            .retain = message.retain};
}

Result<const std::deque<KeptMessage>*> MessageRecorder::look(std::string_view client, Instant now) {
    auto found = std::ranges::find(recordings_, client, &Recording::client);
    if (found == recordings_.end()) {
        recordings_.push_front(
            {.client = std::string(client), .looked_at = now, .messages = {}, .tap = nullptr});
        found = recordings_.begin();
        auto tap = backend_->tap({.filter = {}, .client = std::string(client)},
                                 [recording = &*found](const TappedMessage& message) {
                                     recording->messages.push_back(keep(message));
                                     if (recording->messages.size() > kRecordedMessagesMax) {
                                         recording->messages.pop_front();
                                     }
                                 });
        if (!tap) {
            recordings_.pop_front();
            return tl::unexpected(tap.error());
        }
        found->tap = std::move(*tap);
        if (recordings_.size() > kRecordedMachinesMax) {
            recordings_.pop_back();
        }
    }
    recordings_.splice(recordings_.begin(), recordings_, found);
    found->looked_at = now;
    return &found->messages;
}

void MessageRecorder::expire(Instant now) {
    while (!recordings_.empty() && now - recordings_.back().looked_at > kRecordedLifetime) {
        recordings_.pop_back();
    }
}

}  // namespace kith::api

// The last messages from and to machines that somebody looks at.
//
// Nothing is kept of machines that nobody asked for: the first question starts the recording, and
// it ends kRecordedLifetime after the last one. Threads: shard-local.
// Limits: kRecordedMachinesMax machines, kRecordedMessagesMax messages each; payloads are cut at
// kShownPayloadBytes.
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "api/backend.h"
#include "base/result.h"
#include "base/time.h"

namespace kith::api {

/// A message as it is shown to people.
struct KeptMessage {
    WallTime at;
    Direction direction = Direction::In;
    std::string client;
    std::string topic;
    std::string payload;  // its first kShownPayloadBytes
    std::size_t payload_bytes = 0;
    Qos qos = Qos::AtMostOnce;
    bool retain = false;
};

[[nodiscard]] KeptMessage keep(const TappedMessage& message);

class MessageRecorder {
  public:
    /// `backend` outlives the recorder.
    explicit MessageRecorder(Backend& backend) : backend_(&backend) {}

    /// What was recorded of this client, oldest first; recording goes on. Valid until the next
    /// call. Errors: those of Backend::tap().
    [[nodiscard]] Result<const std::deque<KeptMessage>*> look(std::string_view client, Instant now);
    /// Ends what nobody has looked at for long.
    void expire(Instant now);

    [[nodiscard]] std::size_t recorded_count() const { return recordings_.size(); }

  private:
    struct Recording {
        std::string client;
        Instant looked_at;
        std::deque<KeptMessage> messages;
        std::unique_ptr<Tap> tap;  // last: ends before what it writes to
    };

    Backend* backend_;
    std::list<Recording> recordings_;  // the one looked at last in front
};

}  // namespace kith::api

// What happened to messages, step by step: for whoever asks why one did not arrive.
//
// A trace follows a topic filter or a client for a while. Each shard notes what it does that
// concerns the trace and gives it to its TraceSink once a turn; sequences are of the whole node, so
// that what several shards noted can be put in order. Nothing is noted while nobody asks, and the
// broker then does not even look at what it would note.
// Threads: TraceSink is called on the shard that noted. Limits: kTracesMax at a time (limits.h), as
// many events as each trace allows, kTracePayloadBytes of a payload.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/qos.h"
#include "base/time.h"

namespace kith::broker {

enum class TraceStage : std::uint8_t {
    Connect,    // a CONNECT came, a session was opened, a connection ended
    Auth,       // somebody was let in or refused
    Subscribe,  // a SUBSCRIBE was granted or refused
    Publish,    // a message came
    Acl,        // whether the client may publish it
    Match,      // who subscribed to it
    Queue,      // it waits for a client
    Deliver,    // it was given to a client's connection
    Ack,        // an acknowledgement came or went
    Commit,     // it is on disk
    Drop,       // it, or one copy of it, goes no further
};

/// "connect", "auth" ...: stable words, as in the API.
[[nodiscard]] std::string_view to_string(TraceStage stage);

/// What to follow, for one shard. Exactly one of `filter` and `client_id` is not empty.
struct TraceSpec {
    std::uint8_t slot = 0;  // below kTracesMax; of one trace at a time
    std::string filter;     // a topic filter without a share group
    std::string client_id;
    WallTime started_at;  // messages published earlier are followed by topic alone
    std::uint32_t event_count_max = 0;
    bool with_payload = false;
};

struct TraceEvent {
    std::uint64_t sequence = 0;  // of the node
    WallTime at;
    ShardId shard;
    TraceStage stage = TraceStage::Publish;
    std::string client_id;      // whom this step concerns; empty: nobody in particular
    std::string topic;          // or filter, of a SUBSCRIBE; empty: none
    std::uint16_t message = 0;  // the same number in all steps of one message; 0: none
    PacketId packet_id;         // 0: none
    std::optional<Qos> qos;     // of a message
    bool retain = false;        //
    std::uint32_t payload_bytes = 0;
    std::string text;     // for people
    std::string payload;  // its first bytes, if asked for
};

class TraceSink {
  public:
    /// What a turn has noted. `is_full`: as many as the trace allows; no more follow.
    virtual void on_trace_events(std::uint8_t slot, std::vector<TraceEvent> events,
                                 bool is_full) = 0;

  protected:
    ~TraceSink() = default;
};

}  // namespace kith::broker

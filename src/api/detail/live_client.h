// One console on the live feed: a WebSocket with the channels that it follows.
//
// A channel holds what has to be told, not a queue of updates: however slow the client is, it gets
// the newest state when it can take it. What cannot be conflated (events, messages) has a bound,
// and what falls out of it is counted. Threads: shard-local. Limits: limits.h.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "api/backend.h"
#include "api/call.h"
#include "api/limits.h"
#include "api/message_recorder.h"
#include "api/problem.h"
#include "json/document.h"
#include "json/writer.h"
#include "runtime/stream.h"
#include "wire/websocket/codec.h"

namespace kith::api {

class LiveHub;
class MachineBoard;
class TopicBoard;
class UsageBoard;

/// What channels are served from.
struct LiveBoards {
    const TopicBoard& topics;
    const UsageBoard& usage;
    const MachineBoard& machines;
};

class LiveClient final : public runtime::StreamHandler, private websocket::CodecHandler {
  public:
    LiveClient(LiveHub& hub, std::unique_ptr<runtime::Stream> stream, Caller caller);

    /// Takes what came behind the handshake.
    void start(std::string rest);

    /// A new sample of the totals is there.
    void note_stats();
    void note_event(const NodeEvent& event);
    /// Sends what has to be told, unless the client still has to take what it was sent before.
    void serve(const LiveBoards& boards);
    void ping(WallTime now);
    void close(std::uint16_t code, std::string_view reason);

    [[nodiscard]] const Caller& caller() const { return caller_; }
    [[nodiscard]] bool follows_topics() const { return follows<TopicsFollow>(); }
    [[nodiscard]] bool follows_machines() const { return follows<MachinesFollow>(); }
    /// Adds the topics that this client follows.
    void collect_topics(std::vector<std::string>& topics) const;

    // StreamHandler
    void on_data(MutableBytes bytes) override;
    void on_closed(const Error& reason) override;

  private:
    struct StatsFollow {
        bool is_due = true;
    };
    struct EventsFollow {
        std::deque<NodeEvent> waiting;
    };
    struct MachinesFollow {
        std::vector<std::string> ids;  // empty: all
        std::uint64_t shown_number = 0;
    };
    struct TopicsFollow {
        struct Shown {
            std::uint64_t changed_number = 0;
            std::uint64_t child_number = 0;
            double rate = -1;
        };
        std::vector<std::string> topics;
        std::vector<Shown> shown;  // by place in topics
    };
    struct MessagesFollow {
        std::uint32_t per_serving = 0;
        std::deque<KeptMessage> waiting;
        std::uint64_t skipped = 0;
        std::unique_ptr<Tap> tap;
    };
    using Follow =
        std::variant<StatsFollow, EventsFollow, MachinesFollow, TopicsFollow, MessagesFollow>;

    template <typename Kind>
    [[nodiscard]] bool follows() const;

    // websocket::CodecHandler
    void on_message(websocket::MessageType type, Bytes message) override;
    void on_output(Bytes bytes) override;
    void on_close(std::uint16_t code, std::string_view reason) override;

    void take_request(json::View request);
    void follow(std::int64_t id, json::View request);
    [[nodiscard]] tl::expected<Follow, Problem> make_follow(std::int64_t id, json::View request);
    [[nodiscard]] tl::expected<Follow, Problem> make_messages(std::int64_t id, json::View request);
    [[nodiscard]] Follow make_topics(std::vector<std::string> topics) const;
    void keep_message(std::int64_t id, const TappedMessage& message);

    // One for each kind; true if `json` got data to send.
    bool serve(StatsFollow& follow, const LiveBoards& boards, json::Writer& json);
    bool serve(EventsFollow& follow, const LiveBoards& boards, json::Writer& json);
    bool serve(MachinesFollow& follow, const LiveBoards& boards, json::Writer& json);
    bool serve(TopicsFollow& follow, const LiveBoards& boards, json::Writer& json);
    bool serve(MessagesFollow& follow, const LiveBoards& boards, json::Writer& json);

    void send(std::string_view text);
    void send_problem(std::optional<std::int64_t> id, const Problem& problem);
    void feed(MutableBytes bytes);

    LiveHub* hub_;
    std::unique_ptr<runtime::Stream> stream_;
    websocket::Codec codec_;
    Caller caller_;
    std::map<std::int64_t, Follow> follows_;  // by the client's id
};

}  // namespace kith::api

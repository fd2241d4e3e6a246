// The last events of the node, for the console and for `$events/...`.
//
// Each shard's part of the broker reports to an EventRelay, which takes them to the log on the
// first shard. Limits: kEventsMax are kept. Threads: the log is shard-local (first shard), a relay
// is shard-local to its own.
#pragma once

#include "broker/broker.h"
#include "broker/events.h"
#include "runtime/shard.h"

#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace kith::node {

inline constexpr std::size_t kEventsMax = 1000;

/// Events that are written to the log in one second; how many more there were is said afterwards. A
/// storm of connects must not be bounded by its log.
inline constexpr std::size_t kLoggedEventsPerSecondMax = 50;

/// An event as it is kept.
struct NodeEvent {
    WallTime at;
    std::string kind;  // "client_connected", "claimed" ...
    std::string client_id;
    std::string text;  // "press-07 connected over MQTT 5.0, TCP"
    std::string address;
    std::string reason;
    std::string transport;
    std::uint8_t protocol_version = 0;
    bool is_sign_in = false;  // refused for the credentials that it showed, or did not
    std::string node = {};    // of the mesh, that it happened to: its id
};

[[nodiscard]] NodeEvent to_node_event(const broker::Event& event);

class EventLog {
  public:
    /// Logs it, keeps it, publishes it as `$events/<kind>[/<client or node>]` and tells the
    /// listener.
    void add(const NodeEvent& event);
    void set_bus(bus::Bus& bus) { bus_ = &bus; }
    void set_log(const Log& log) { log_ = &log; }
    void set_listener(std::function<void(const NodeEvent&)> listener) {
        listener_ = std::move(listener);
    }
    /// Oldest first.
    [[nodiscard]] const std::deque<NodeEvent>& events() const { return events_; }

  private:
    void write_line(const NodeEvent& event);

    std::deque<NodeEvent> events_;
    bus::Bus* bus_ = nullptr;
    const Log* log_ = nullptr;
    std::function<void(const NodeEvent&)> listener_;
    std::int64_t logged_second_ = 0;  // of what is counted
    std::size_t logged_count_ = 0;
    std::size_t unlogged_count_ = 0;
};

/// Takes what a turn has noted home in one mail.
class EventRelay final : public broker::EventSink, public runtime::Task {
  public:
    EventRelay(runtime::Shard& shard, EventLog& log) : shard_(shard), log_(log) {}
    void on_event(const broker::Event& event) override;
    void run_task() override;

  private:
    std::vector<NodeEvent> noted_;
    runtime::Shard& shard_;
    EventLog& log_;
};

}  // namespace kith::node

// What a client publishes, from the call to the acknowledgement, over any number of connections.
//
// One list in the order of the calls. In front stand QoS 1 and 2 messages that were sent and are
// not acknowledged yet, behind them what waits: for a connection, for room in the node's Receive
// Maximum or in the socket. When a connection breaks, what was sent waits again: under its old
// packet id if the node kept the session, as a new message if not, so that nothing accepted is lost
// and QoS 2 is exactly once as long as the session lives.
// Threads: shard-local. Limits: messages and bytes, as given; more is refused.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/qos.h"
#include "base/time.h"
#include "sdk/detail/packet_ids.h"
#include "sdk/kith/outcome.h"
#include "wire/mqtt/types.h"

namespace kith::sdk {

struct OutboundMessage {
    std::string topic;
    std::string payload;
    Qos qos = Qos::AtMostOnce;
    bool retain = false;
    bool needs_receiver = false;            // Absent if the node says that nobody subscribes
    Instant expires_at = Instant::never();  // what could not be sent by then is not sent
    std::vector<std::uint8_t> properties;   // encoded MessageProperties
};

/// Called once, never from within the call that it was given to.
using DoneHandler = std::function<void(Done)>;

class OutboundQueue {
  public:
    struct Limits {
        std::size_t messages_max;
        std::size_t bytes_max;
    };
    struct Entry {
        enum class State : std::uint8_t { Waiting, Sent, Released };

        OutboundMessage message;
        DoneHandler done;
        PacketId packet_id;  // QoS 1 and 2, from the first sending on
        State state = State::Waiting;
        bool dup = false;
        bool is_unwanted = false;
    };

    OutboundQueue(Limits limits, PacketIds& packet_ids)
        : limits_(limits), packet_ids_(packet_ids), next_(entries_.end()) {}

    /// Errors: Limit.
    [[nodiscard]] Done add(OutboundMessage message, DoneHandler done);

    /// The message to be sent now, with a packet id if it wants one; null if none may be sent with
    /// `inflight_max` messages under way.
    [[nodiscard]] Entry* next(std::size_t inflight_max);
    /// next() was sent. A QoS 0 message is done with that.
    void next_was_sent();
    /// next() cannot be sent over this connection.
    void next_is_refused(Failure failure);

    /// The node acknowledges it and has nobody to give it to.
    void mark_unwanted(PacketId id);
    /// PUBACK or PUBCOMP, or a PUBREC that refuses; false if nothing waits for it.
    bool complete(PacketId id, Done outcome);
    /// PUBREC: PUBLISH becomes PUBREL. False if no QoS 2 message waits for it.
    bool release(PacketId id);

    /// A new connection. Returns the ids whose PUBREL is to be sent again.
    [[nodiscard]] std::vector<PacketId> resume(bool session_present);
    /// Ends everything.
    void fail_all(const Failure& failure);

    [[nodiscard]] std::size_t message_count() const { return entries_.size(); }
    [[nodiscard]] std::size_t inflight_count() const { return inflight_count_; }

  private:
    using Iterator = std::list<Entry>::iterator;

    void remove(Iterator entry, Done outcome);
    [[nodiscard]] static std::size_t bytes_of(const OutboundMessage& message) {
        return message.topic.size() + message.payload.size() + message.properties.size();
    }

    Limits limits_;
    PacketIds& packet_ids_;
    std::list<Entry> entries_;
    Iterator next_;  // the first that waits, or end
    boost::unordered_flat_map<PacketId, Iterator> by_packet_id_;
    std::size_t bytes_ = 0;
    std::size_t inflight_count_ = 0;  // sent or released
};

}  // namespace kith::sdk

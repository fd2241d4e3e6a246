// The shard's part of all traces: whether anybody looks, and what they are shown.
//
// Everywhere that something happens to a message stands
//
//     if (context_.tracer.is_on()) [[unlikely]] {
//         context_.tracer.queued(session, item, ...);
//     }
//
// so that messages nobody looks at cost one branch. The same branch serves those who watch one
// client (ClientWatches). A message that a trace follows carries a mark through queues and to other
// shards: the traces, as bits, and a number that its steps share. Whether a trace wants a step is
// decided anew at each: by mark, by topic, or by the client that the step concerns.
// Threads: shard-local; TraceNumbers: any.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/limits.h"
#include "broker/trace.h"
#include "bus/message.h"
#include "runtime/shard.h"
#include "runtime/task.h"
#include "wire/mqtt/types.h"

namespace kith::broker {

class Session;
struct PublishOrigin;
struct Route;

/// Numbers that all shards take from.
struct TraceNumbers {
    std::atomic<std::uint64_t> last_sequence = 0;
    std::atomic<std::uint32_t> last_message = 0;
};

class Tracer final : public runtime::Task {
  public:
    Tracer(runtime::Shard& shard, TraceNumbers& numbers) : shard_(shard), numbers_(numbers) {}

    /// Somebody looks: the one question that messages pay for.
    [[nodiscard]] bool is_on() const { return onlooker_count_ != 0; }
    /// A trace goes on.
    [[nodiscard]] bool is_tracing() const { return active_ != 0; }
    /// Somebody who is not a trace begins or ends to look.
    void add_onlooker() { ++onlooker_count_; }
    void remove_onlooker() { --onlooker_count_; }

    /// `sink` gets events until stop(). Requires: nobody has the slot.
    void start(const TraceSpec& spec, TraceSink& sink);
    void stop(std::uint8_t slot);

    // What happened. `text` is for people; each may be called at any time, and is only worth
    // calling while is_on().

    /// Whom or what a step concerns, as far as that is anybody or known.
    struct Subject {
        std::string_view client_id;
        PacketId packet_id;
        std::string_view topic;  // or filter; that of the message, if it is about one
    };
    /// A step that is not one of a message.
    void note(TraceStage stage, const Subject& subject, std::string text);
    /// A step of a message.
    void step(TraceStage stage, const Subject& subject, const bus::Message& message,
              std::string text);

    /// A message came: the mark that it is to carry from now on; 0 if nobody follows it.
    [[nodiscard]] std::uint16_t published(std::string_view client_id, const bus::Message& message,
                                          PacketId packet_id, const char* text = "published");
    void matched(const bus::Message& message, const Route& route);
    /// Behind `ahead_count` others; `awaits_commit`: not shown before it is on disk.
    struct Queued {
        PacketId packet_id;
        std::size_t ahead_count = 0;
        bool awaits_commit = false;
    };
    void queued(const Session& session, const bus::Message& message, const Queued& place);
    struct Delivered {
        Qos qos = Qos::AtMostOnce;
        bool retain = false;
        bool is_again = false;
        PacketId packet_id;
    };
    void delivered(const Session& session, const bus::Message& message, const Delivered& how);
    void dropped(const Session& session, const bus::Message& message, const char* reason);
    /// The publisher is answered.
    void settled(const Session& session, const PublishOrigin& origin, mqtt::ReasonCode reason);

    void run_task() override;

  private:
    struct Slot {
        TraceSpec spec;
        TraceSink* sink = nullptr;
        std::vector<TraceEvent> noted;
        std::uint32_t left_count = 0;
    };

    [[nodiscard]] bool wants(const Slot& slot, const TraceEvent& event, std::uint16_t mark,
                             WallTime published_at) const;
    void add(TraceEvent event, std::uint16_t mark, const bus::Message* message);
    void close(std::uint8_t slot);

    runtime::Shard& shard_;
    TraceNumbers& numbers_;
    std::uint32_t onlooker_count_ = 0;
    std::uint8_t active_ = 0;  // slots, as bits
    std::array<Slot, kTracesMax> slots_;
};

}  // namespace kith::broker

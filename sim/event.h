// One thing that will happen, and the time line on which all of them are.
#pragma once

#include <array>
#include <cstdint>

#include "base/shared_bytes.h"
#include "sim/event_heap.h"

namespace kith::sim {

using NodeIndex = std::uint32_t;
using WireIndex = std::uint32_t;

enum class EventKind : std::uint8_t {
    // Of an end of a session.
    Arrival,     // a frame has come
    Transmit,    // the wire is free for what waits
    Retransmit,  // of a segment that was lost
    Silence,     // nothing was acknowledged for so long?
    Reset,       // the other side is gone
    // Of a wire.
    Dial,
    Handshake,  // is through
    // Of a node.
    Timer,
    Sync,  // its disk has done what it was given
    // Of the run.
    Call,
};

struct Event {
    /// A hello and most of what is control fits; longer frames are blocks of their own.
    static constexpr std::size_t kInlineBytes = 104;

    SharedBytes body;  // behind the head
    std::uint32_t subject = 0;
    std::uint32_t generation = 0;  // of the subject: an event of a former one is void
    EventKind kind = EventKind::Call;
    std::uint8_t head_bytes = 0;
    std::array<std::uint8_t, kInlineBytes> head;

    void clear() { body = SharedBytes(); }
};
static_assert(sizeof(Event) == 128);

struct Timeline {
    Instant now;
    EventHeap<Event> heap;

    Event& push(Instant at, EventKind kind, std::uint32_t subject, std::uint32_t generation) {
        Event& event = heap.push(at);
        event.kind = kind;
        event.subject = subject;
        event.generation = generation;
        event.head_bytes = 0;
        return event;
    }
};

}  // namespace kith::sim

// One thing that will happen, and the time line on which all of them are.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
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
    Read,  // ... has found what it was asked for
    // Of the run.
    Call,
};

struct Event {
    /// A hello and most of what is control fits; what is longer lies in a block of its own.
    static constexpr std::size_t kInlineBytes = 88;
    /// A block that is not larger is used again.
    static constexpr std::size_t kBlockBytesKept = 4096;

    std::vector<std::uint8_t> block;  // empty, or everything
    std::uint32_t subject = 0;
    std::uint32_t generation = 0;  // of the subject: an event of a former one is void
    EventKind kind = EventKind::Call;
    std::uint8_t inline_bytes = 0;
    std::array<std::uint8_t, kInlineBytes> room;

    [[nodiscard]] Bytes bytes() const {
        return block.empty() ? Bytes(room).first(inline_bytes) : Bytes(block);
    }
    void append(Bytes more) {
        if (block.empty() && inline_bytes + more.size() <= kInlineBytes) {
            std::ranges::copy(more, room.begin() + inline_bytes);
            inline_bytes = static_cast<std::uint8_t>(inline_bytes + more.size());
            return;
        }
        if (block.empty()) {
            block.assign(room.begin(), room.begin() + inline_bytes);
        }
        block.insert(block.end(), more.begin(), more.end());
    }
    void clear() {
        block.clear();
        if (block.capacity() > kBlockBytesKept) {
            block.shrink_to_fit();
        }
    }
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
        event.inline_bytes = 0;
        return event;
    }
};

}  // namespace kith::sim

// What a session's record says beside its will: its epoch in the mesh, and whether it moves.
//
// In front of the will, in the bytes that are opaque to the store; a record without a note begins
// with the version of a will, which is lower than kNoteMark, or is empty:
//
//     mark 0xE5 | state 1 | epoch 8 | node 8 | place 8 | own epoch 8 | the will     (big endian)
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace kith::broker {

enum class SessionState : std::uint8_t {
    Here = 0,
    Moving = 1,  // frozen: another node may have it
    Gone = 2,    // another node has it; messages from `place` on are forwarded there
};

struct SessionNote {
    SessionState state = SessionState::Here;
    std::uint64_t epoch = 0;      // Here: its own; else that of the other node. 0: no mesh yet
    std::uint64_t node = 0;       // the other one
    std::uint64_t place = 0;      // in the queue: what is before went along with the session
    std::uint64_t own_epoch = 0;  // Moving: the one that it has again if it stays

    friend bool operator==(const SessionNote&, const SessionNote&) = default;
};

/// `will` as it is, if there is nothing to note.
[[nodiscard]] std::vector<std::uint8_t> encode_note(const SessionNote& note, Bytes will);
/// The note, and what follows it. Errors: Corrupt.
[[nodiscard]] Result<std::pair<SessionNote, Bytes>> decode_note(Bytes record);

}  // namespace kith::broker

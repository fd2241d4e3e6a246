// What two nodes tell one another while a session moves from one to the other, as bytes.
//
//     version 1 | kind 1 | flags 1 | refusal 1 | epoch 8 | number 8 | place 8 | client id bytes 2 |
//     principal bytes 2 | client id | principal | body to the end                   (big endian)
//
// The body of Settled is the routers that B knows: node 8 | 1 if it has been told, else 0. The body
// of Part is a slice of the session as a run of items; that of Forward is a run of whole
// items:
//
//     kind 1 | bytes 4 | what there is to say of it
//
// Both come from another node, which may err: everything is bounded and checked. Limits:
// kMovePartBytes, kMoveItemBytesMax.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/qos.h"
#include "base/result.h"
#include "base/time.h"
#include "bus/message.h"
#include "bus/session_port.h"

namespace kith::broker {

/// In the order of a move from A to B. SessionMoves has the table of what follows what.
enum class MoveKind : std::uint8_t {
    Take = 1,        // B: give me this client's session, or end it
    Part = 2,        // A: a slice of it; `number` counts from 0
    More = 3,        // B: the slice `number`
    Refused = 4,     // A: there is nothing to give
    Done = 5,        // B: it is mine, on disk
    Ask = 6,         // A: is it yours?
    NotTaken = 7,    // B: no
    Settled = 8,     // B: all nodes know by now where it is, but for those in the body
    Forward = 9,     // A: this came for it since; `number` names the batch's session at A
    Forwarded = 10,  // B: it has it, up to the place `place`
    NotHere = 11,    // B: the session is not here
    Over = 12,       // A: of this nothing more will come; is_last: of this client nothing
    Still = 13,      // B: will anything come?
    Flush = 14,      // A, to any node: do you know where it is? `number` names its session at A
    Flushed = 15,    // yes; comes behind all that it has sent to A before
};
inline constexpr auto kMoveKindMax = static_cast<std::uint8_t>(MoveKind::Flushed);

enum class MoveRefusal : std::uint8_t {
    None = 0,
    NotHere = 1,     // no such session; `number` is who has it now, with `epoch`, if known
    Ended = 2,       // it was one that does not outlive its connection, or was to be cleaned
    NotAllowed = 3,  // it belongs to another principal
};

struct MoveMessage {
    MoveKind kind = MoveKind::Take;
    bool is_clean = false;  // Take: the client wants none of it
    bool is_admin = false;  // Take: may take what belongs to another principal
    bool is_last = false;   // Part, Over
    MoveRefusal refusal = MoveRefusal::None;
    std::uint64_t epoch = 0;  // that the session will have at its new owner
    std::uint64_t number = 0;
    std::uint64_t place = 0;
    std::string_view client_id;
    std::string_view principal;  // Take
    Bytes body;
};

[[nodiscard]] std::vector<std::uint8_t> encode_move(const MoveMessage& message);
/// Borrowed from `bytes`. Errors: Malformed.
[[nodiscard]] Result<MoveMessage> decode_move(Bytes bytes);

struct KnownRouter {
    bus::PeerId node;
    bool is_told = false;
};
[[nodiscard]] std::vector<std::uint8_t> encode_routers(const std::vector<KnownRouter>& routers);
/// As many as are whole, and kMoveAwayNodesMax at most.
[[nodiscard]] std::vector<KnownRouter> decode_routers(Bytes body);

/// What the session is, first of all items.
struct MovedSession {
    std::string_view principal;
    std::uint32_t expiry_interval_s = 0;
    std::uint8_t protocol_version = 0;
    std::uint64_t next_sequence = 0;
    std::uint64_t sent_behind = 0;  // messages before this place may have been sent before
};
struct MovedSubscription {
    std::string_view filter;
    std::uint8_t options = 0;
    std::uint32_t identifier = 0;
};
struct MovedReleased {
    std::uint64_t sequence = 0;
    Qos qos = Qos::ExactlyOnce;
    bool retain = false;
};
struct MovedMessage {
    std::uint64_t sequence = 0;
    Qos granted = Qos::AtLeastOnce;
    Qos qos = Qos::AtLeastOnce;  // as published
    bool retain = false;
    WallTime published_at;
    std::uint64_t left_ms = 0;  // until it expires; 0 never
    bus::MessageSource source;  // Forward only
    Bytes identifiers;
    std::string_view topic;
    Bytes properties;
    Bytes payload;
};

/// Appends items to a body.
class MoveItems {
  public:
    void put(const MovedSession& session);
    void put(const MovedSubscription& subscription);
    void put_inbound(PacketId packet_id);
    void put(const MovedReleased& released);
    void put(const MovedMessage& message);
    /// It has had this message already, in another way. Without a number: that node may still send
    /// behind it.
    void put_seen(const bus::MessageSource& source);

    [[nodiscard]] std::vector<std::uint8_t>& bytes() { return bytes_; }

  private:
    std::vector<std::uint8_t> bytes_;
};

class MoveItemVisitor {
  public:
    virtual ~MoveItemVisitor() = default;
    virtual void on_session(const MovedSession& session) = 0;
    virtual void on_subscription(const MovedSubscription& subscription) = 0;
    virtual void on_inbound(PacketId packet_id) = 0;
    virtual void on_released(const MovedReleased& released) = 0;
    virtual void on_message(const MovedMessage& message) = 0;
    virtual void on_seen(const bus::MessageSource& source) = 0;
};

/// Shows all whole items at the front; returns how many bytes those were. Errors: Malformed, Limit;
/// what was shown before is good.
[[nodiscard]] Result<std::size_t> read_move_items(Bytes bytes, MoveItemVisitor& visitor);

}  // namespace kith::broker

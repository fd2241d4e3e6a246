// What remains of sessions that other nodes have: messages that still come, or were queued here,
// and follow them. The table of a move is in session_moves.h.
//
// A batch at a time for each session: it is sent until the owner has it on disk, and is deleted
// then. The owner remembers in a mark, of the same transaction, how far it has come, so that a
// batch that is sent twice is taken once. Threads: shard-local. Limits: kMoveForwardsAtOnce batches
// under way; a session's queue as for any other; kMoveAwayNodesMax nodes that are waited for.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "broker/detail/session_moves.h"

namespace kith::broker {

class SessionRemains {
  public:
    /// QueueRead::reader of its reads.
    static constexpr std::uint32_t kReader = 2;

    SessionRemains(ShardContext& context, SessionMoves& moves);
    ~SessionRemains();

    // Recovery.
    void restore(const Session& session, const SessionNote& note);
    void restore_mark(Bytes key, Bytes value);
    /// The queues of those that were restored are known now.
    void open();

    /// `keeps_coming`: its subscriptions stay until all nodes know where it is.
    void add(Session& session, const SessionNote& note, bool keeps_coming);
    [[nodiscard]] SessionNote note_of(SessionId session) const;
    /// The session of this client was here, and has left for an epoch beyond this one.
    [[nodiscard]] bool has(const std::string& client_id, std::uint64_t epoch) const;
    void on_told(bus::PeerId from, const MoveMessage& message);
    void on_owner(const std::string& client_id, const bus::SessionOwner& owner);
    /// What a message that was published on this node is, to a session that was here: still on an
    /// old route.
    [[nodiscard]] bool takes(SessionId session, bus::PeerId origin) const;
    /// The session of this client is here again, and gets itself what comes for it.
    void on_back(const std::string& client_id);
    void on_queue_read(const storage::QueuePart& part);
    void on_tick(Instant now);
    [[nodiscard]] bool empty() const { return remains_.empty(); }

  private:
    class Receiver;
    struct Remains;
    /// Names the remains of one session of one node.
    using Origin = std::pair<bus::PeerId, std::uint64_t>;

    void go_on(Session& session, Remains& remains, Instant now);
    void go_on_with_routes(Session& session, Remains& remains, Instant now);
    void on_settled(bus::PeerId from, const MoveMessage& message);
    void on_flushed(bus::PeerId from, const MoveMessage& message);
    void read(Session& session, Remains& remains);
    void send(const Session& session, Remains& remains, Instant now);
    void find_owner(SessionId id, const std::string& client_id);
    void on_forwarded(const MoveMessage& message);
    void take(bus::PeerId from, const MoveMessage& message);
    void end(Session& session, const Remains& remains);
    [[nodiscard]] std::size_t count_of(std::string_view client_id) const;
    void say_if_over(bus::PeerId to, const MoveMessage& asked);
    void empty_memory(Session& session, Remains& remains);
    void uncount(Session& session);

    ShardContext& context_;
    SessionMoves& moves_;
    std::map<SessionId, std::unique_ptr<Remains>> remains_;
    std::map<Origin, std::uint64_t> taken_;  // places up to which batches of others were taken
};

}  // namespace kith::broker

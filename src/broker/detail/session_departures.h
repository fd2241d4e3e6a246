// Sessions of this shard that another node is about to have. The table of a move is in
// session_moves.h.
//
// A session that departs is frozen: nobody uses it, what comes for it is queued behind what goes
// along. It is whole on disk when the first slice is sent, and stays there until the other node
// says that it has it, or has it not. Threads: shard-local. Limits: one slice and one read from
// disk in memory for each.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "broker/detail/session_moves.h"

namespace kith::broker {

class SessionDepartures {
  public:
    /// QueueRead::reader of its reads.
    static constexpr std::uint32_t kReader = 1;

    SessionDepartures(ShardContext& context, SessionMoves& moves);
    ~SessionDepartures();

    /// Recovery: it was frozen when the node stopped.
    void restore(const Session& session, const SessionNote& note);
    void on_told(bus::PeerId from, const MoveMessage& message);
    void on_owner(Session& session, const bus::SessionOwner& owner);
    void on_queue_read(const storage::QueuePart& part);
    [[nodiscard]] SessionNote note_of(const Session& session) const;
    /// Somebody waits to know where it is.
    void hurry(const Session& session);
    /// Nobody can say: another session takes its place, what is queued follows it. Returns the
    /// epoch that the other one is not to have any more.
    [[nodiscard]] std::uint64_t abandon(Session& session);
    /// A row of it is on disk.
    void on_stored(Session& session);
    void on_tick(Instant now);
    [[nodiscard]] bool empty() const { return departures_.empty(); }

  private:
    struct Departure;

    void on_take(bus::PeerId from, const MoveMessage& message);
    void refuse(bus::PeerId to, const MoveMessage& asked, MoveRefusal refusal);
    void say_who_has_it(bus::PeerId to, const MoveMessage& asked);
    void begin(Session& session, bus::PeerId to, std::uint64_t epoch);
    void begin_if_quiet(Session& session, Departure& departure);
    void go_on(Session& session, Departure& departure);
    void send_part(const Session& session, Departure& departure);
    void put_state(Session& session, Departure& departure);
    void finish(Session& session);
    void stay(Session& session);
    [[nodiscard]] static bool is_quiet(const Session& session, std::uint64_t place);

    ShardContext& context_;
    SessionMoves& moves_;
    std::map<SessionId, std::unique_ptr<Departure>> departures_;
};

}  // namespace kith::broker

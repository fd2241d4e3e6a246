// Clients that wait for CONNACK until it is known which node has their session, and sessions on
// their way here. The table of a move is in session_moves.h.
//
// What comes is written to disk at once, under a session id that has no record yet, so that a long
// queue needs no memory; the record is the commit of the whole. Threads: shard-local. Limits: one
// arrival a client; kMoveAskTimeout without an answer, kMoveHopsMax.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/detail/session_moves.h"

namespace kith::broker {

class SessionArrivals {
  public:
    SessionArrivals(ShardContext& context, SessionMoves& moves);
    ~SessionArrivals();

    void ask(const SessionMoves::Asker& asker);
    void on_told(bus::PeerId from, const MoveMessage& message);
    /// Whether the session of this client may still come with this epoch.
    [[nodiscard]] bool is_taking(const std::string& client_id, std::uint64_t epoch) const;
    /// A session that was frozen here is here again, or has gone for good.
    void on_thawed(const std::string& client_id);
    void on_tick(Instant now);
    [[nodiscard]] bool empty() const { return arrivals_.empty(); }

  private:
    class Incoming;
    struct Arrival;

    void look_up(const std::string& client_id);
    void on_owner_found(const std::string& client_id, std::optional<bus::SessionOwner> owner);
    void take(const std::string& client_id, Arrival& arrival, const bus::SessionOwner& owner);
    void say_again(const std::string& client_id, Arrival& arrival);
    void on_part(const std::string& client_id, Arrival& arrival, const MoveMessage& message);
    void on_refused(const std::string& client_id, Arrival& arrival, const MoveMessage& message);
    void commit(const std::string& client_id, Arrival& arrival);
    void on_committed(const std::string& client_id);
    void give_up(const std::string& client_id, Arrival& arrival, const char* words);
    void answer(const std::string& client_id, mqtt::ReasonCode refusal, const char* words);

    ShardContext& context_;
    SessionMoves& moves_;
    std::map<std::string, std::unique_ptr<Arrival>, std::less<>> arrivals_;
};

}  // namespace kith::broker

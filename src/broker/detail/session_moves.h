// Sessions that move between nodes of a mesh: to clients, all of them are one broker.
//
// A client that comes to this node, B, while the directory says that A has its session, waits for
// its CONNACK until B has it. The two speak by messages that may be lost, and so are repeated; what
// each has done is on its disk before it says so:
//
//     A                                       B                               who has it on disk
//     has it, epoch e                         asks: Take(e')                  A
//     ends its connection (0x8E), writes
//     "moving to B", keeps it: Part, Part     writes what comes, without      A, frozen
//                                             the session's own record
//     .                                       commits session record, e'      A frozen, B: B's
//     counts
//                                             tells the directory; Done       .
//     commits "gone to B": remains            CONNACK, session present        B
//     forwards what comes by old routes       Settled: all nodes know of it   B
//     asks nodes: Flush, until each has       acknowledges                    B
//     answered behind its last message
//     drops subscriptions, last messages      .                               B
//     removes what remains: Over              forgets names of messages       B
//
// Crashes. A while frozen: comes back frozen, and asks B: Done or NotTaken, after which it is A's
// again. B before its commit: recovery drops rows without a session record; A asks, NotTaken. B
// after it: B has it, A asks, Done. A after "gone": goes on forwarding. A clean start, or a session
// that does not outlive its connection, ends at A before B answers its client.
//
// If A does not answer within kMoveAskTimeout, B begins a new session with a higher epoch. A that
// sees it (the directory, on heal) is fenced: its client is cut off without a will, and what is
// queued is forwarded, at least once. Of two nodes that both began one, the lower (epoch, node)
// stops. A client that comes back to A while A reaches nobody, as behind a restart, raises A's
// epoch: then it is B that stops.
//
// A node that could not be reached when B settled may have messages for A for as long as it was
// away: until it has answered a Flush, A forwards what comes from it, and from it alone.
//
// What may come in two ways meanwhile, at B itself and through A, is known by its MessageSource and
// taken once: B remembers names, on disk with their messages, until A says that nothing more will
// come (SeenMessages). Messages that were under way during a move may come behind later ones.
//
// Threads: shard-local, one a shard, for the clients that live on it; SessionPort is on the first
// shard. Limits: limits.h (kMove...). Does nothing, and costs nothing, until open().
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/detail/connection_id.h"
#include "broker/detail/move_message.h"
#include "broker/detail/session_note.h"
#include "broker/detail/shard_context.h"
#include "bus/session_port.h"
#include "runtime/task.h"
#include "runtime/timer.h"
#include "storage/journal.h"
#include "wire/mqtt/types.h"

namespace kith::broker {

class Session;
class SessionArrivals;
class SessionDepartures;
class SessionRemains;
class SeenMessages;
struct Routing;
struct SeenMark;

/// Marks that say how far the remains of another node have been taken.
[[nodiscard]] bool is_forward_mark(Bytes key);

class SessionMoves final : public runtime::Task {
  public:
    explicit SessionMoves(ShardContext& context);
    ~SessionMoves();

    // Recovery, before the shards run: what a session's record said of its epoch and moves, and how
    // far another node's remains have come here.
    void restore(Session& session, const SessionNote& note);
    void restore_forward(Bytes key, Bytes value);
    /// A message that it has had. Of a session that has ended meanwhile: nothing is left of it.
    void restore_seen(const Session* session, const SeenMark& mark);

    /// From now on. On every shard; the first shard's `port` outlives the broker's last turn.
    void open(bus::SessionPort& port, bus::PeerId self);
    [[nodiscard]] bool is_open() const { return port_ != nullptr; }

    // Of connections.
    struct Asker {
        ConnectionId connection;
        std::string client_id;
        std::string principal;
        bool is_clean = false;
        bool is_admin = false;
    };
    /// True if another node may have the session: ask(), and do not open it.
    [[nodiscard]] bool must_ask(const Session* known) const;
    /// Connection::on_session_asked() follows, of all that asked and are still there.
    void ask(const Asker& asker);

    // Of sessions.
    /// A new one; `epoch` is what ask() has answered, 0 if it was not asked.
    void note_created(const Session& session, std::uint64_t epoch);
    /// Its client has come back. Where no other node can be reached, it may have been to another
    /// one meanwhile: the later visit counts.
    void note_resumed(const Session& session);
    void note_removed(Session& session);
    /// What its record is to say beside its will.
    [[nodiscard]] SessionNote note_of(const Session& session) const;

    // Of messages.
    /// Requires: the session is_watched. False if it has had this message.
    [[nodiscard]] bool is_first(const Session& session, const Routing& routing);
    /// Of one that is_gone: it may have come by an old route.
    [[nodiscard]] bool may_forward(const Session& session, const Routing& routing) const;
    /// Of a session that moves or has gone, a row is on disk.
    void on_stored(Session& session);
    /// The message's name in the whole mesh.
    [[nodiscard]] bus::MessageSource source_of(const Routing& routing) const;
    /// Its place among the names of a session that is_watched; 0 if it has none.
    [[nodiscard]] std::uint64_t place_of(const Session& session, const Routing& routing) const;
    void on_queue_read(const storage::QueuePart& part);

    // Of the first shard's port, on the home shard of the client.
    void on_told(bus::PeerId from, const MoveMessage& message);
    void on_owner(const std::string& client_id, const bus::SessionOwner& owner);

    // Between the parts.
    [[nodiscard]] bus::PeerId self() const { return self_; }
    [[nodiscard]] std::uint64_t epoch_of(const Session& session) const;
    /// Higher than all that are known.
    [[nodiscard]] std::uint64_t next_epoch(std::uint64_t known) const;
    void tell(bus::PeerId to, const MoveMessage& message);
    /// Behind all messages that this node has sent there before.
    void tell_behind(bus::PeerId to, const MoveMessage& message);
    /// Asks the directory; `done` on this shard, later.
    void find_owner(const std::string& client_id,
                    std::function<void(std::optional<bus::SessionOwner>)> done);
    void put_owner(const Session& session);
    void cut_off(Session& session, const char* words);
    /// Another node has it: what is queued from note.place on is forwarded, and it ends with that.
    enum class Subscriptions : std::uint8_t { Kept, Dropped };
    void leave(Session& session, const SessionNote& note, Subscriptions subscriptions);
    /// It is this node's, and known to be.
    void note_moved_in(Session& session, const SessionNote& note);
    /// Names are remembered until nothing comes behind it any more.
    void watch(Session& session);
    void unwatch(Session& session);
    /// Tells `to` when all nodes know that the session is here, and which could not be told.
    void settle(bus::PeerId to, const std::string& client_id, std::uint64_t epoch);
    /// Something waits for time to pass.
    void wake();

    void run_task() override;

  private:
    void on_tick();
    void raise_epoch(SessionId id);
    void look_after_watched(Instant now);
    void on_asked(bus::PeerId from, const MoveMessage& message);
    void on_over(bus::PeerId from, const MoveMessage& message);
    void on_flush(bus::PeerId from, const MoveMessage& message);

    /// Of a session that is here.
    struct Known {
        std::uint64_t epoch = 0;
        std::uint64_t from = 0;         // the node that it came from; 0: it began here
        std::uint64_t moved_at_ms = 0;  // wall clock
    };

    ShardContext& context_;
    bus::SessionPort* port_ = nullptr;
    bus::PeerId self_;
    boost::unordered_flat_map<SessionId, Known> known_;
    std::vector<SeenMark> lost_marks_;  // of sessions that are not there
    Instant watched_looked_at_;
    std::unique_ptr<SeenMessages> seen_;
    std::unique_ptr<SessionArrivals> arrivals_;
    std::unique_ptr<SessionDepartures> departures_;
    std::unique_ptr<SessionRemains> remains_;
    struct Outgoing {
        bus::PeerId to;
        std::vector<std::uint8_t> message;
        bool is_behind = false;
    };
    std::vector<Outgoing> outbox_;
    runtime::CallbackTimer tick_;

  public:
    [[nodiscard]] SeenMessages& seen() { return *seen_; }
    [[nodiscard]] SessionArrivals& arrivals() { return *arrivals_; }
    [[nodiscard]] SessionDepartures& departures() { return *departures_; }
    [[nodiscard]] SessionRemains& remains() { return *remains_; }
};

/// On the first shard: what the mesh tells goes to the shard of the client that it is about.
class SessionMail final : public bus::SessionListener {
  public:
    explicit SessionMail(ShardContext& context) : context_(context) {}
    void on_told(bus::PeerId from, Bytes message) override;
    void on_owner(TenantId tenant, std::string_view client_id,
                  const bus::SessionOwner& owner) override;

  private:
    ShardContext& context_;
};

}  // namespace kith::broker

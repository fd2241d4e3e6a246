// Sessions that come from other nodes of the mesh, and those that go there.
#include "broker/detail/session_table.h"

#include "broker/detail/session_moves.h"
#include "broker/detail/subscriber.h"

namespace kith::broker {

bool SessionTable::release_to_mesh(Session& session, bool is_clean) {
    take_over(session);
    if (is_clean || !session.stays() || has_expired(session)) {
        remove(session, {});
        return false;
    }
    session.absence->cancel();
    session.is_moving = true;
    write_record(session);
    return true;
}

void SessionTable::keep(Session& session) {
    session.is_moving = false;
    write_record(session);
    arm_timer(session);
}

void SessionTable::detach(Session& session) {
    by_client_.erase(&session);
    session.absence->cancel();
    session.will.reset();
    session.is_moving = false;
    session.is_gone = true;
    --context_.counters.sessions;
    context_.node.sessions.give_back();
}

void SessionTable::drop_detached(Session& session) {
    context_.subscriber->drop_all(session);
    context_.store.batch().delete_session(session.id());
    by_id_.erase(by_id_.find(session.id()));
}

Session& SessionTable::adopt(const storage::SessionRecord& record) {
    const WallTime now = context_.shard.wall_now();
    Session& session = restore_plain(record, now, Known::ByClient);
    session.absence->reason = "session moved";
    arm_timer(session);
    return session;
}

void SessionTable::cut_off(Session& session, const char* words) {
    session.will.reset();
    if (session.connection == nullptr) {
        return;
    }
    ++context_.counters.takeovers;
    context_.events.on_event({.kind = EventKind::SessionTakenOver,
                              .at = context_.shard.wall_now(),
                              .client_id = session.client_id()});
    session.connection->end_without_session(mqtt::ReasonCode::SessionTakenOver, words);
}

}  // namespace kith::broker

#include "broker/detail/share_returns.h"

#include <vector>

#include "base/narrow.h"
#include "broker/detail/connection.h"
#include "broker/detail/queue_loader.h"
#include "broker/detail/router.h"
#include "broker/detail/session.h"
#include "broker/detail/session_table.h"
#include "broker/limits.h"

namespace kith::broker {
namespace {

/// True if `item` was given to its session by a group and has not been sent.
bool is_unsent(const OutboundItem& item) {
    return !item.group.is_none() && item.state == OutboundItem::State::Pending && !item.was_sent;
}

}  // namespace

void ShareReturns::return_unsent(Session& session) {
    CHECK(session.connection == nullptr);
    session.has_stranded = false;
    if (session.returning_count > 0 || session.is_leaving()) {
        return;  // goes on when those have an answer
    }
    const WallTime now = context_.message_now();
    std::vector<OutboundItem*> chosen;
    session.outbound.for_each([&](OutboundItem& item) {
        // A message that is not on disk would be lost on the way if nobody took it.
        if (!is_unsent(item) || !item.awaits_commit || item.message->is_expired(now)) {
            return;
        }
        if (!item.message->is_committed()) {
            session.has_stranded = true;  // its turn comes with its commit
        } else if (chosen.size() < kReturnsUnderWayMax) {
            chosen.push_back(&item);
        }
    });
    if (chosen.empty() && session.outbound.is_spilling()) {
        context_.loader->refill(session);  // the next part comes back here
        return;
    }
    session.returning_count = narrow<std::uint16_t>(chosen.size());
    for (OutboundItem* item : chosen) {
        item->is_moving = true;
    }
    for (const OutboundItem* item : chosen) {  // none leaves the queue before a commit
        offer({.session = session.id(),
               .packet_id = item->packet_id(),
               .sequence = item->sequence,
               .message = item->message_id,
               .group = item->group,
               .session_lives = true},
              item->message->view());
    }
}

void ShareReturns::return_all(Session& session) {
    const WallTime now = context_.message_now();
    session.outbound.for_each([&](const OutboundItem& item) {
        const bool is_unacknowledged = item.qos == Qos::AtLeastOnce && !item.group.is_none() &&
                                       item.state == OutboundItem::State::Pending;
        if (item.is_moving || (!is_unsent(item) && !is_unacknowledged) ||
            item.message->is_expired(now)) {
            return;
        }
        offer({.session = session.id(),
               .packet_id = item.packet_id(),
               .sequence = item.sequence,
               .message = item.awaits_commit ? item.message_id : MessageId{},
               .group = item.group},
              item.message->view());
    });
}

/// For the group it is a message of its own, with an id of its own if it was durable.
void ShareReturns::offer(const Committer::Move& move, const bus::Message& message) {
    ++context_.counters.shared_returned;
    MessageId id;
    if (move.message.value() != 0) {
        id = context_.node.next_message_id();
        context_.committer->begin_move(StoredMessage::create(message, id), move);
    }
    context_.router->send(move.group.owner,
                          {.kind = RecordKind::Return,
                           .id = id,
                           .coordinator = context_.shard.id(),
                           .session = move.session,
                           .group = move.group,
                           .may_sleep = !move.session_lives},
                          message);
}

void ShareReturns::on_moved(const Committer::Move& move) {
    OutboundItem* item = find(move);
    if (item == nullptr) {
        return;
    }
    Session& session = *context_.sessions->find(move.session);
    context_.sessions->complete(session, *item);
    --session.returning_count;
    if (session.connection != nullptr) {
        session.connection->pump();
    } else if (session.returning_count == 0) {
        return_unsent(session);
    }
}

void ShareReturns::on_refused(const Committer::Move& move, const bus::Message& message) {
    if (OutboundItem* item = find(move); item != nullptr) {
        Session& session = *context_.sessions->find(move.session);
        item->is_moving = false;
        --session.returning_count;
        if (session.connection != nullptr) {
            session.connection->pump();
        }
        return;
    }
    if (move.session_lives) {  // it has ended meanwhile: now any member will do
        Committer::Move again = move;
        again.session_lives = false;
        offer(again, message);
    }
}

OutboundItem* ShareReturns::find(const Committer::Move& move) {
    Session* session = context_.sessions->find(move.session);
    if (session == nullptr) {
        return nullptr;
    }
    OutboundItem* item = session->outbound.find(move.packet_id);
    return item != nullptr && item->is_moving && item->sequence == move.sequence ? item : nullptr;
}

}  // namespace kith::broker

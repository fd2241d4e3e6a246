#include "broker/detail/committer.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "base/narrow.h"
#include "broker/detail/connection.h"
#include "broker/detail/far_side.h"
#include "broker/detail/queue_loader.h"
#include "broker/detail/router.h"
#include "broker/detail/seen_messages.h"
#include "broker/detail/session.h"
#include "broker/detail/session_moves.h"
#include "broker/detail/session_table.h"
#include "broker/detail/share_returns.h"

namespace kith::broker {

void Committer::begin(MessageId id, const Routing& routing, const Plan& plan) {
    Pending pending{.plan = plan,
                    .stored = routing.stored,
                    .rows = routing.rows,
                    .missing_count = narrow<std::uint32_t>(std::popcount(plan.durable_shards)),
                    .relay_balance = narrow<std::int32_t>(routing.relayed_count)};
    if (pending.stored == nullptr) {
        pending.stored = StoredMessage::create(routing.message, id);
    }
    await(routing);
    follow_publisher(id, pending);
    pending_.emplace(id, std::move(pending));
    commit_if_complete(id);
}

void Committer::follow_publisher(MessageId id, Pending& pending) {
    const SessionId publisher = pending.plan.origin.session;
    if (publisher == SessionId()) {
        return;
    }
    const auto [last, is_first] = last_of_.emplace(publisher, id);
    if (!is_first) {
        pending_.at(std::exchange(last->second, id)).next = id;
        pending.is_blocked = true;
    }
}

void Committer::begin_move(const MessageRef& stored, const Move& move) {
    pending_.emplace(stored->id(),
                     Pending{.plan = {.move = move}, .stored = stored, .relay_balance = 1});
}

void Committer::on_rows(ShardId from, const RowsHeader& header, std::vector<DeliveryRow> rows) {
    const auto found = pending_.find(header.id);
    CHECK(found != pending_.end());
    Pending& pending = found->second;
    if (header.is_relayed) {
        --pending.relay_balance;
        pending.is_taken |= header.is_taken;
    } else {
        CHECK(pending.missing_count > 0);
        --pending.missing_count;
        pending.relay_balance += narrow<std::int32_t>(header.relayed_count);
    }
    if (!rows.empty() && from != context_.shard.id()) {
        pending.row_shards |= std::uint64_t{1} << from.value();
    }
    std::ranges::move(rows, std::back_inserter(pending.rows));
    commit_if_complete(header.id);
}

void Committer::commit_if_complete(MessageId id) {
    // Bounded: each round takes one message out of its publisher's line.
    while (id != MessageId()) {
        id = set_out_if_complete(id);
    }
}

/// Reports of group members may come before the report that announces them: then the balance is
/// below 0 for a while, and another shard's report still missing.
MessageId Committer::set_out_if_complete(MessageId id) {
    const Pending& pending = pending_.at(id);
    if (pending.is_blocked || pending.missing_count > 0 || pending.relay_balance != 0) {
        return {};
    }
    if (pending.plan.move && !pending.is_taken) {
        const Pending refused = std::move(pending_.at(id));
        pending_.erase(id);
        context_.returns->on_refused(*refused.plan.move, refused.stored->view());
        return {};
    }
    append(id, pending);
    const MessageId next = leave_publisher(id, pending);
    context_.store.when_committed([this, id] { on_durable(id); });  // perhaps at once
    return next;
}

MessageId Committer::leave_publisher(MessageId id, const Pending& pending) {
    const auto last = last_of_.find(pending.plan.origin.session);
    if (last != last_of_.end() && last->second == id) {
        last_of_.erase(last);
    }
    if (pending.next != MessageId()) {
        pending_.at(pending.next).is_blocked = false;
    }
    return pending.next;
}

/// Everything that the message changes on disk, in one batch and so in one transaction.
void Committer::append(MessageId id, const Pending& pending) {
    const bus::Message message = pending.stored->view();
    const Plan& plan = pending.plan;
    storage::WriteBatch& batch = context_.store.batch();
    if (!pending.rows.empty()) {
        batch.put_message({.id = id,
                           .tenant = message.tenant,
                           .topic = message.topic.text(),
                           .payload = message.payload,
                           .properties = message.properties,
                           .qos = message.qos,
                           .published_at = message.published_at,
                           .expires_at = context_.to_wall(message.expires_at)});
        for (const DeliveryRow& row : pending.rows) {
            storage::DeliveryRecord delivery = to_record(row, *pending.stored);
            delivery.expires_at = context_.to_wall(delivery.expires_at);
            if (row.session == context_.node.mesh_session()) {
                delivery.expires_at = {};  // the mesh fills its place, whatever became of it
            }
            batch.put_delivery(delivery);
            if (row.name_place != 0) [[unlikely]] {
                put_seen_mark(batch, {.session = row.session,
                                      .place = row.name_place,
                                      .source = decode_source(delivery.subscription_identifiers)});
            }
        }
    }
    if (plan.move) {
        batch.delete_delivery({plan.move->session, plan.move->sequence, plan.move->message});
    }
    if (plan.origin.mark != nullptr) {
        batch.put_mark({.key = plan.origin.mark->key, .value = plan.origin.mark->value});
    }
    if (plan.origin.qos == Qos::ExactlyOnce && plan.origin.is_durable) {
        batch.put_inbound(plan.origin.session, plan.origin.packet_id);
    }
}

void Committer::on_durable(MessageId id) {
    const auto found = pending_.find(id);
    CHECK(found != pending_.end());
    const Pending pending = std::move(found->second);
    pending_.erase(found);
    if (context_.tracer.is_on()) [[unlikely]] {
        context_.tracer.step(TraceStage::Commit, {}, pending.stored->view(),
                             fmt::format("on disk for {} session{}", pending.rows.size(),
                                         pending.rows.size() == 1 ? "" : "s"));
    }
    show(id);
    context_.router->send_committed(pending.row_shards, id);
    if (pending.plan.move) {
        context_.returns->on_moved(*pending.plan.move);
        return;
    }
    context_.router->settle(pending.plan.origin, Settlement::Durable, pending.plan.receiver_count);
}

void Committer::await(const Routing& routing) {
    if (routing.awaiting.empty()) {
        return;
    }
    Uncommitted& uncommitted = uncommitted_[routing.id];
    uncommitted.stored = routing.stored;
    uncommitted.awaiting.insert(uncommitted.awaiting.end(), routing.awaiting.begin(),
                                routing.awaiting.end());
}

MessageRef Committer::find(MessageId id) const {
    const auto found = uncommitted_.find(id);
    return found == uncommitted_.end() ? nullptr : found->second.stored;
}

void Committer::show(MessageId id) {
    const auto found = uncommitted_.find(id);
    if (found == uncommitted_.end()) {
        return;
    }
    const Uncommitted uncommitted = std::move(found->second);
    uncommitted_.erase(found);
    uncommitted.stored->mark_committed();
    for (const Awaiting& awaiting : uncommitted.awaiting) {
        if (context_.far_side != nullptr && context_.far_side->owns(awaiting.session)) {
            context_.far_side->on_stored(awaiting.sequence);
            continue;
        }
        Session* session = context_.sessions->find(awaiting.session);
        if (session == nullptr) {
            // It ended while its row was on the way: the row must not keep the message.
            context_.store.batch().delete_delivery({awaiting.session, awaiting.sequence, id});
            continue;
        }
        if (session->is_leaving()) {
            if (Spill* spill = session->outbound.spill(); spill != nullptr) {
                spill->on_stored(awaiting.sequence);
            }
            context_.moves->on_stored(*session);
            continue;
        }
        if (session->outbound.is_spilling()) {
            context_.loader->on_stored(*session, awaiting.sequence);
        }
        if (session->connection != nullptr) {
            session->connection->pump();
        } else if (session->has_stranded) {
            context_.returns->return_unsent(*session);
        }
    }
}

}  // namespace kith::broker

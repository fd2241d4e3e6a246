#include "broker/detail/slow_clients.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/detail/connection.h"
#include "broker/detail/session.h"
#include "broker/detail/session_table.h"
#include "broker/detail/shard_context.h"

namespace kith::broker {

void SlowClients::suspect(const Session& session) {
    const Instant now = context_.shard.now();
    const auto [entry, is_new] = suspects_.try_emplace(
        session.id(),
        Suspect{
            .since = now, .progress_at = now, .told_at = Instant::never(), .sent_bytes_seen = 0});
    if (!is_new && !entry->second.is_slow) {
        entry->second.since = now;
        entry->second.progress_at = now;
    }
    if (!is_armed()) {
        context_.shard.arm_after(*this, kSlowLookInterval);
    }
}

void SlowClients::note_hold(const Session& session) {
    if (const auto found = suspects_.find(session.id()); found != suspects_.end()) {
        ++found->second.holds;
    }
}

void SlowClients::on_timer(Instant now) {
    events_left_ = kSlowEventsPerLook;
    erase_if(suspects_, [&](auto& entry) { return !look_at(entry.first, entry.second, now); });
    if (!suspects_.empty()) {
        context_.shard.arm_after(*this, kSlowLookInterval);
    }
}

bool SlowClients::look_at(SessionId id, Suspect& suspect, Instant now) {
    const Session* session = context_.sessions->find(id);
    const Connection* connection = session == nullptr ? nullptr : session->connection;
    const bool waits = connection != nullptr && connection->is_suspect();
    if (waits) {
        const std::uint64_t sent_bytes = connection->sent_bytes();
        if (sent_bytes != suspect.sent_bytes_seen) {
            suspect.sent_bytes_seen = sent_bytes;
            suspect.progress_at = now;
        }
    }
    const bool is_slow = waits && (suspect.is_slow || now - suspect.since >= kSlowAfter);
    const bool may_tell =
        suspect.told_at == Instant::never() || now - suspect.told_at >= kSlowToldAgainAfter;
    if (is_slow && !suspect.is_slow) {
        ++slow_count_;
        ++context_.counters.slow_episodes;
        if (may_tell && events_left_ > 0) {
            suspect.told_at = now;
            suspect.was_told = true;
            tell(EventKind::ClientSlow, *session,
                 fmt::format("does not take what waits for it: {} bytes, {} messages",
                             connection->unsent_bytes(), session->outbound.message_count()));
        }
    } else if (!is_slow && suspect.is_slow) {
        --slow_count_;
        suspect.holds = 0;
        if (connection != nullptr && suspect.was_told) {
            tell(EventKind::ClientRecovered, *session, "takes messages again");
        }
        suspect.was_told = false;
    }
    suspect.is_slow = is_slow;
    return waits || (connection != nullptr && !may_tell);
}

void SlowClients::tell(EventKind kind, const Session& session, std::string_view reason) {
    events_left_ -= std::min(events_left_, 1U);
    context_.events.on_event({.kind = kind,
                              .at = context_.shard.wall_now(),
                              .client_id = session.client_id(),
                              .reason = reason});
}

void SlowClients::for_each(const std::function<void(const SlowClientView&)>& visit) const {
    const Instant now = context_.shard.now();
    for (const auto& [id, suspect] : suspects_) {
        const Session* session = context_.sessions->find(id);
        if (!suspect.is_slow || session == nullptr || session->connection == nullptr) {
            continue;
        }
        const Connection& connection = *session->connection;
        visit({.client_id = std::string(session->client_id()),
               .remote_address = connection.stream_info().remote.to_string(),
               .unsent_bytes = connection.unsent_bytes(),
               .queued_bytes = session->outbound.size_bytes(),
               .queued_messages = session->outbound.message_count(),
               .inflight_messages = session->outbound.in_window_count(),
               .inflight_messages_max = connection.receive_maximum(),
               .waits_for = now - suspect.since,
               .no_progress_for = now - suspect.progress_at,
               .dropped = session->traffic.dropped,
               .publishers_held = suspect.holds});
    }
}

}  // namespace kith::broker

#include "broker/detail/snapshot.h"

#include "base/hash.h"
#include "broker/detail/connection.h"
#include "broker/detail/delivery.h"
#include "broker/detail/router.h"
#include "broker/detail/session.h"
#include "broker/detail/session_table.h"
#include "broker/detail/shard_broker.h"
#include "broker/limits.h"

namespace kith::broker {
namespace {

// A snapshot's number is unique in the node: the upper bits name the session's shard.
constexpr unsigned kShardShift = 48;

}  // namespace

void SnapshotServer::request(Session& session, std::string_view filter) {
    Subscription* found = index().find(session, filter);
    if (found == nullptr || found->awaits_snapshot) {
        return;
    }
    found->awaits_snapshot = true;
    Asking& asking = asking_[session.id()];
    asking.waiting.push_back(session.subscriptions.at(found->place));
    if (asking.snapshot == 0) {
        ask_next(session);
    }
}

void SnapshotServer::withdraw(Session& session, Subscription& subscription) {
    const auto found = asking_.find(session.id());
    if (found == asking_.end()) {
        return;
    }
    Asking& asking = found->second;
    if (subscription.awaits_snapshot) {
        subscription.awaits_snapshot = false;
        std::erase(asking.waiting, session.subscriptions.at(subscription.place));
    }
    if (asking.filter == index().text(subscription)) {
        cancel_asked(asking);
        ask_next(session);
    }
}

/// Asks the owners of all topics that the next filter can match to send their retained messages.
/// Requires: nothing is under way, or what was has been cancelled.
void SnapshotServer::ask_next(Session& session) {
    Asking& asking = asking_.at(session.id());
    if (asking.waiting.empty()) {
        asking_.erase(session.id());
        return;
    }
    Subscription& subscription = index().at(asking.waiting.front());
    asking.waiting.pop_front();
    subscription.awaits_snapshot = false;
    const std::string filter = index().text(subscription);
    const std::uint64_t snapshot =
        (std::uint64_t{context_.shard.id().value()} << kShardShift) | ++last_snapshot_;
    asking.snapshot = snapshot;
    asking.filter = filter;
    asking.owner_count = 0;
    asking.has_more.clear();
    const Request request{.shard = context_.shard.id(),
                          .session = session.id(),
                          .filter = filter,
                          .options = subscription.options,
                          .identifier = subscription.identifier};
    for_each_owner(filter, [&](ShardId owner) {
        ++asking.owner_count;
        context_.shard.post(owner,
                            [node = &context_.node, owner, snapshot, request](runtime::Shard&) {
                                node->shards[owner.value()]->snapshots().start(snapshot, request);
                            });
    });
}

void SnapshotServer::cancel_asked(const Asking& asking) {
    for_each_owner(asking.filter,
                   [&](ShardId owner) { tell(owner, &SnapshotServer::cancel, asking.snapshot); });
}

void SnapshotServer::start(std::uint64_t snapshot, const Request& request) {
    std::vector<RetainedRef> messages =
        context_.space(kDefaultTenant)
            .retained.match(bus::TopicFilter::trusted(request.filter), context_.message_now());
    forget_expired();
    jobs_.emplace(snapshot, Job{.request = request, .messages = std::move(messages)});
    go_on(snapshot);
}

void SnapshotServer::forget_expired() {
    for (const RetainedRef& message : context_.space(kDefaultTenant).retained.take_expired()) {
        context_.store.batch().delete_retained(kDefaultTenant, message->topic().text());
    }
}

void SnapshotServer::go_on(std::uint64_t snapshot) {
    ready_.push_back(snapshot);
    context_.shard.defer(*this);
}

void SnapshotServer::cancel(std::uint64_t snapshot) {
    jobs_.erase(snapshot);
}

void SnapshotServer::run_task() {
    std::vector<std::uint64_t> ready;
    ready.swap(ready_);
    for (const std::uint64_t snapshot : ready) {
        const auto found = jobs_.find(snapshot);
        if (found != jobs_.end() && send_chunk(snapshot, found->second)) {
            jobs_.erase(snapshot);
        }
    }
}

/// Null at the end.
RetainedRef SnapshotServer::next_of(Job& job) {
    RetainedStore& retained = context_.space(kDefaultTenant).retained;
    while (job.next < job.messages.size()) {
        RetainedRef message = std::move(job.messages[job.next++]);
        if (retained.find(message->topic().text()) == message.get()) {
            return message;
        }
        // The session has had a newer one.
    }
    return nullptr;
}

bool SnapshotServer::send_chunk(std::uint64_t snapshot, Job& job) {
    const Request& request = job.request;
    RetainedRef message = next_of(job);
    if (message == nullptr) {
        // Everything that was sent before has been read: the session's shard asked for more.
        context_.shard.post(request.shard, [node = &context_.node, to = request.shard, snapshot,
                                            session = request.session](runtime::Shard&) {
            node->shards[to.value()]->snapshots().on_owner_done(session, snapshot);
        });
        return true;
    }
    std::size_t bytes = 0;
    std::size_t count = 0;
    bool is_full = false;
    while (message != nullptr) {
        bytes += message->size_bytes();
        is_full = ++count == kSnapshotChunkMessages || bytes >= kSnapshotChunkBytes;
        RetainedRef following = is_full ? nullptr : next_of(job);
        const auto place = following != nullptr ? SnapshotPlace::Within
                           : is_full            ? SnapshotPlace::ChunkEnd
                                                : SnapshotPlace::End;
        context_.router->send(request.shard,
                              {.kind = RecordKind::Snapshot,
                               .session = request.session,
                               .identifier = request.identifier,
                               .options = request.options,
                               .snapshot = snapshot,
                               .snapshot_place = place},
                              message->view());
        message = std::move(following);
    }
    return !is_full;
}

void SnapshotServer::on_part(ShardId owner, const MessageHeader& header,
                             const bus::Message& message) {
    const auto found = asking_.find(header.session);
    if (found == asking_.end() || found->second.snapshot != header.snapshot) {
        return;  // cancelled meanwhile; the owner will hear of it
    }
    Session& session = *context_.sessions->find(header.session);
    context_.delivery->retained(session, header, message);
    switch (header.snapshot_place) {
        case SnapshotPlace::Within:
            return;
        case SnapshotPlace::End:
            on_owner_done(header.session, header.snapshot);
            return;
        case SnapshotPlace::ChunkEnd:
            break;
    }
    if (session.connection->can_take_more()) {
        tell(owner, &SnapshotServer::go_on, header.snapshot);
    } else {
        asking_.at(header.session).has_more.push_back(owner);
    }
}

void SnapshotServer::on_owner_done(SessionId session_id, std::uint64_t snapshot) {
    const auto found = asking_.find(session_id);
    if (found == asking_.end() || found->second.snapshot != snapshot) {
        return;
    }
    CHECK(found->second.owner_count > 0);
    if (--found->second.owner_count == 0) {
        ask_next(*context_.sessions->find(session_id));
    }
}

void SnapshotServer::on_room(Session& session) {
    if (asking_.empty()) {
        return;
    }
    const auto found = asking_.find(session.id());
    if (found == asking_.end() || found->second.has_more.empty() ||
        !session.connection->can_take_more()) {
        return;
    }
    const std::uint64_t snapshot = found->second.snapshot;
    for (const ShardId owner : std::exchange(found->second.has_more, {})) {
        tell(owner, &SnapshotServer::go_on, snapshot);
    }
}

void SnapshotServer::on_session_left(Session& session) {
    const auto found = asking_.find(session.id());
    if (found == asking_.end()) {
        return;
    }
    for (const SubscriptionId id : found->second.waiting) {
        index().at(id).awaits_snapshot = false;
    }
    cancel_asked(found->second);
    asking_.erase(found);
}

/// By mail to the own shard too: never from within what the job is doing.
void SnapshotServer::tell(ShardId owner, void (SnapshotServer::*what)(std::uint64_t),
                          std::uint64_t snapshot) {
    context_.shard.post(owner, [node = &context_.node, owner, snapshot, what](runtime::Shard&) {
        (node->shards[owner.value()]->snapshots().*what)(snapshot);
    });
}

template <typename Visit>
void SnapshotServer::for_each_owner(std::string_view filter, Visit&& visit) const {
    const std::uint16_t shard_count = context_.shard.shard_count();
    if (!bus::TopicFilter::trusted(filter).has_wildcards()) {
        visit(context_.space(kDefaultTenant).topics.owner_of(filter));
        return;
    }
    for (std::uint16_t i = 0; i < shard_count; ++i) {
        visit(ShardId(i));
    }
}

}  // namespace kith::broker

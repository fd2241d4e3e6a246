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

// A snapshot's number names its owner in the upper bits.
constexpr unsigned kOwnerShift = 48;

ShardId owner_of(std::uint64_t snapshot) {
    return ShardId(static_cast<std::uint16_t>(snapshot >> kOwnerShift));
}

}  // namespace

void SnapshotServer::request(Session& session, bus::TopicFilter filter, SubscriptionOptions options,
                             std::uint32_t identifier) {
    const Request request{.shard = context_.shard.id(),
                          .session = session.id(),
                          .filter = std::string(filter.text()),
                          .options = options,
                          .identifier = identifier};
    const auto ask = [this, &request](ShardId owner) {
        context_.shard.post(owner, [node = &context_.node, owner, request](runtime::Shard&) {
            node->shards[owner.value()]->snapshots().start(request);
        });
    };
    if (!filter.has_wildcards()) {
        ask(ShardId(
            static_cast<std::uint16_t>(hash_text(filter.text()) % context_.shard.shard_count())));
        return;
    }
    for (std::uint16_t i = 0; i < context_.shard.shard_count(); ++i) {
        ask(ShardId(i));
    }
}

void SnapshotServer::start(const Request& request) {
    std::vector<MessageRef> messages =
        context_.space(kDefaultTenant)
            .retained.match(bus::TopicFilter::trusted(request.filter), context_.shard.wall_now());
    forget_expired();
    if (messages.empty()) {
        return;
    }
    const std::uint64_t snapshot =
        (std::uint64_t{context_.shard.id().value()} << kOwnerShift) | ++last_job_;
    jobs_.emplace(snapshot, Job{.request = request, .messages = std::move(messages)});
    go_on(snapshot);
}

void SnapshotServer::forget_expired() {
    for (const MessageRef& message : context_.space(kDefaultTenant).retained.take_expired()) {
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

bool SnapshotServer::send_chunk(std::uint64_t snapshot, Job& job) {
    RetainedStore& retained = context_.space(kDefaultTenant).retained;
    std::size_t bytes = 0;
    std::size_t count = 0;
    while (job.next < job.messages.size()) {
        const MessageRef message = std::move(job.messages[job.next++]);
        if (retained.find(message->topic().text()) != message.get()) {
            continue;  // the session has had a newer one
        }
        bytes += message->size_bytes();
        const bool is_full = ++count == kSnapshotChunkMessages || bytes >= kSnapshotChunkBytes;
        const bool has_more = job.next < job.messages.size();
        context_.router->send(job.request.shard,
                              {.kind = RecordKind::Snapshot,
                               .session = job.request.session,
                               .identifier = job.request.identifier,
                               .options = job.request.options,
                               .snapshot = snapshot,
                               .is_last_of_chunk = is_full && has_more},
                              message->view());
        if (is_full && has_more) {
            return false;
        }
    }
    return true;
}

void SnapshotServer::on_part(const MessageHeader& header, const bus::Message& message) {
    Session* session = context_.sessions->find(header.session);
    if (session == nullptr || session->connection == nullptr) {
        if (header.is_last_of_chunk) {
            tell_owner(header.snapshot, &SnapshotServer::cancel);
        }
        return;
    }
    context_.delivery->retained(*session, header, message);
    if (!header.is_last_of_chunk) {
        return;
    }
    if (session->connection->can_take_more()) {
        ask_more(header.snapshot);
    } else {
        waiting_[session->id()].push_back(header.snapshot);
    }
}

void SnapshotServer::on_room(Session& session) {
    if (waiting_.empty()) {
        return;
    }
    const auto found = waiting_.find(session.id());
    if (found == waiting_.end() || !session.connection->can_take_more()) {
        return;
    }
    const std::vector<std::uint64_t> snapshots = std::move(found->second);
    waiting_.erase(found);
    for (const std::uint64_t snapshot : snapshots) {
        ask_more(snapshot);
    }
}

void SnapshotServer::on_session_left(Session& session) {
    const auto found = waiting_.find(session.id());
    if (found == waiting_.end()) {
        return;
    }
    for (const std::uint64_t snapshot : found->second) {
        tell_owner(snapshot, &SnapshotServer::cancel);
    }
    waiting_.erase(found);
}

void SnapshotServer::ask_more(std::uint64_t snapshot) {
    tell_owner(snapshot, &SnapshotServer::go_on);
}

void SnapshotServer::tell_owner(std::uint64_t snapshot,
                                void (SnapshotServer::*what)(std::uint64_t)) {
    const ShardId owner = owner_of(snapshot);
    if (owner == context_.shard.id()) {
        (this->*what)(snapshot);
        return;
    }
    context_.shard.post(owner, [node = &context_.node, owner, snapshot, what](runtime::Shard&) {
        (node->shards[owner.value()]->snapshots().*what)(snapshot);
    });
}

}  // namespace kith::broker

#include "broker/detail/far_side.h"

#include <algorithm>
#include <memory>

#include "base/check.h"
#include "base/utf8.h"
#include "broker/detail/hold_list.h"
#include "broker/detail/mesh_interest.h"
#include "broker/detail/queue_part_reader.h"
#include "broker/detail/router.h"
#include "broker/detail/session.h"
#include "broker/detail/shard_broker.h"
#include "broker/detail/snapshot.h"
#include "broker/detail/subscriber.h"
#include "wire/mqtt/properties.h"

namespace kith::broker {
namespace {

constexpr std::size_t kReadMessagesMax = 1024;
constexpr std::size_t kReadBytesMax = 4U << 20U;
/// So many messages that nobody has asked for are read with those that somebody has.
constexpr std::uint64_t kReadGapMax = 64;

/// What a client may have published: another node may err, or worse.
bool is_usable(const bus::Message& message) {
    return message.tenant == kDefaultTenant && is_mqtt_utf8(as_bytes(message.topic.text())) &&
           bus::TopicName::create(message.topic.text()) && is_of_all_nodes(message.topic.text()) &&
           mqtt::MessageProperties::from_encoded(message.properties);
}

}  // namespace

void FarSide::restore_session(SessionId session) {
    context_.node.mesh_session_id = session.value();
}

void FarSide::restore_mark(const storage::MarkRecord& mark) {
    marks_.emplace_back(std::vector<std::uint8_t>(mark.key.begin(), mark.key.end()),
                        std::vector<std::uint8_t>(mark.value.begin(), mark.value.end()));
}

void FarSide::open(bus::MeshPort& mesh, std::function<void()> done) {
    CHECK(mesh_ == nullptr);
    mesh_ = &mesh;
    opened_ = std::move(done);
    if (context_.node.mesh_session() == SessionId()) {
        const SessionId session = context_.node.next_session_id();
        context_.node.mesh_session_id = session.value();
        context_.store.batch().put_session({.id = session,
                                            .tenant = kMeshTenant,
                                            .client_id = "mesh",
                                            .principal = {},
                                            .session_expiry_interval_s = kSessionNeverExpires,
                                            .will = {}});
    }
    for (const auto& [key, value] : std::exchange(marks_, {})) {
        mesh_->restore_mark(key, value);
    }
    read_on(kept_.first_sequence);
}

void FarSide::read_on(std::uint64_t from) {
    if (kept_.message_count == 0 || from > kept_.last_sequence) {
        gather_retained();
        return;
    }
    context_.store.read_queue({.session = context_.node.mesh_session(),
                               .from = from,
                               .behind = kept_.last_sequence + 1,
                               .messages_max = kReadMessagesMax,
                               .bytes_max = kReadBytesMax});
}

/// Hands the mesh what a read has found.
class FarSide::Restorer final : public QueuePartReader {
  public:
    explicit Restorer(FarSide& far_side) : far_side_(far_side) {}

    void put_message(const storage::MessageRecord& message) override {
        message_ = {.tenant = message.tenant,
                    .topic = bus::TopicName::trusted(message.topic),
                    .payload = message.payload,
                    .properties = message.properties,
                    .qos = message.qos,
                    .published_at = message.published_at};
        expires_at_ = message.expires_at;
    }
    void put_delivery(const storage::DeliveryRecord& delivery) override {
        far_side_.rows_[delivery.sequence] = {.message = delivery.message, .is_stored = true};
        message_.retain = delivery.retain;
        far_side_.mesh_->restore({.ticket = delivery.sequence,
                                  .note = delivery.subscription_identifiers,
                                  .has_content = is_usable(message_),
                                  .message = message_,
                                  .expires_after_ms = far_side_.left_ms(expires_at_)});
    }

  private:
    FarSide& far_side_;
    bus::Message message_{.topic = bus::TopicName::trusted({})};
    WallTime expires_at_;
};

void FarSide::on_queue_read(const storage::QueuePart& part) {
    if (!asked_.empty()) {
        on_wanted_read(part);
        return;
    }
    Restorer restorer(*this);
    part.found.visit(restorer);
    for (const storage::QueuePart::Dropped& dropped : part.dropped) {
        // Its message is lost; what is known of its place has gone with it.
        context_.store.batch().delete_delivery(dropped.key);
        LOG(context_.shard.log(), Error, "a message for other nodes is lost on disk",
            {"message", dropped.key.message.value()});
    }
    read_on(part.next);
}

void FarSide::fetch(std::uint64_t ticket) {
    wanted_.insert(ticket);
    read_wanted();
}

/// The first that are wanted, as far as they lie together.
void FarSide::read_wanted() {
    if (wanted_.empty() || !asked_.empty() || opened_ != nullptr) {
        return;  // what is being read comes first
    }
    const std::uint64_t from = *wanted_.begin();
    std::uint64_t last = from;
    while (!wanted_.empty() && *wanted_.begin() - last <= kReadGapMax) {
        last = *wanted_.begin();
        asked_.insert(wanted_.extract(wanted_.begin()));
    }
    context_.store.read_queue({.session = context_.node.mesh_session(),
                               .from = from,
                               .behind = last + 1,
                               .messages_max = kReadMessagesMax,
                               .bytes_max = kReadBytesMax});
}

/// Hands the mesh what it has asked for, of what a read has found.
class FarSide::Fetcher final : public QueuePartReader {
  public:
    explicit Fetcher(FarSide& far_side) : far_side_(far_side) {}

    void put_message(const storage::MessageRecord& message) override {
        message_.topic = bus::TopicName::trusted(message.topic);
        message_.payload = message.payload;
        message_.properties = message.properties;
        message_.tenant = message.tenant;
    }
    void put_delivery(const storage::DeliveryRecord& delivery) override {
        if (far_side_.asked_.contains(delivery.sequence)) {
            found.insert(delivery.sequence);
            far_side_.mesh_->on_fetched({.ticket = delivery.sequence,
                                         .note = {},
                                         .has_content = is_usable(message_),
                                         .message = message_});
        }
    }

    std::set<std::uint64_t> found;

  private:
    FarSide& far_side_;
    bus::Message message_{.topic = bus::TopicName::trusted({})};
};

/// What was passed over is not there any more. What was not reached yet is read next.
void FarSide::on_wanted_read(const storage::QueuePart& part) {
    Fetcher fetcher(*this);
    part.found.visit(fetcher);
    for (const std::uint64_t ticket : asked_) {
        if (ticket >= part.next) {
            wanted_.insert(ticket);
        } else if (!fetcher.found.contains(ticket)) {
            mesh_->on_fetched({.ticket = ticket,
                               .note = {},
                               .has_content = false,
                               .message = {.topic = bus::TopicName::trusted({})}});
        }
    }
    asked_.clear();
    read_wanted();
}

WallTime FarSide::expiry(std::uint32_t expires_after_ms) const {
    return expires_after_ms == 0
               ? WallTime()
               : context_.message_now() + std::chrono::milliseconds(expires_after_ms);
}

/// By the clock of messages. 0 is never.
std::uint32_t FarSide::message_left_ms(WallTime expires_at) const {
    if (expires_at == WallTime()) {
        return 0;
    }
    const std::int64_t left = (expires_at - context_.message_now()).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 1, UINT32_MAX));
}

/// By the disk's wall time. 0 is never; what has expired has a moment left, in which it does.
std::uint32_t FarSide::left_ms(WallTime expires_at) const {
    if (expires_at == WallTime()) {
        return 0;
    }
    const std::int64_t left = (expires_at - context_.shard.wall_now()).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 1, UINT32_MAX));
}

// What leaves.

void FarSide::send(Routing& routing) {
    const bus::Message& message = routing.message;
    // Its coordinator may not know yet that other nodes want it.
    const MessageId id = routing.id == MessageId() ? context_.node.next_message_id() : routing.id;
    bus::Message named = message;
    named.audience.source = {.node = 0, .number = id.value()};
    const bus::MeshPort::Sent sent = mesh_->send(named, message_left_ms(message.expires_at));
    routing.receiver_count += sent.has_receivers ? 1U : 0U;
    if (sent.ticket == 0) {
        return;
    }
    if (mesh_->is_congested()) {
        context_.holds->note(Congestion::Far);
        holds_publishers_ = true;
    }
    if (routing.id == MessageId()) {
        store_apart(sent.ticket, id, message, sent.note);
        return;
    }
    if (routing.stored == nullptr) {
        routing.stored = StoredMessage::create(message, routing.id);
    }
    rows_[sent.ticket] = {.message = routing.id};
    DeliveryRow row{.session = context_.node.mesh_session(),
                    .sequence = sent.ticket,
                    .qos = message.qos,
                    .retain = message.retain,
                    .identifiers = {}};
    row.identifiers.assign(sent.note.begin(), sent.note.end());
    routing.rows.push_back(std::move(row));
    routing.awaiting.push_back({.session = context_.node.mesh_session(), .sequence = sent.ticket});
}

void FarSide::store_apart(std::uint64_t ticket, MessageId id, const bus::Message& message,
                          Bytes note) {
    rows_[ticket] = {.message = id};
    storage::WriteBatch& batch = context_.store.batch();
    batch.put_message({.id = id,
                       .tenant = message.tenant,
                       .topic = message.topic.text(),
                       .payload = message.payload,
                       .properties = message.properties,
                       .qos = message.qos,
                       .published_at = message.published_at,
                       .expires_at = context_.to_wall(message.expires_at)});
    batch.put_delivery({.session = context_.node.mesh_session(),
                        .sequence = ticket,
                        .message = id,
                        .qos = message.qos,
                        .retain = message.retain,
                        .subscription_identifiers = note});
    context_.store.when_committed([this, ticket] { on_stored(ticket); });
}

void FarSide::store(std::uint64_t ticket, const bus::Message& message,
                    std::uint32_t expires_after_ms, Bytes note) {
    bus::Message expiring = message;
    expiring.expires_at = expiry(expires_after_ms);
    store_apart(ticket, context_.node.next_message_id(), expiring, note);
}

void FarSide::on_stored(std::uint64_t ticket) {
    const auto found = rows_.find(ticket);
    CHECK(found != rows_.end());
    found->second.is_stored = true;
    if (found->second.is_settled) {
        erase(ticket, found->second);
    } else {
        mesh_->on_stored(ticket);
    }
}

void FarSide::settle(std::uint64_t ticket) {
    const auto found = rows_.find(ticket);
    if (found == rows_.end()) {
        return;
    }
    if (holds_publishers_ && !mesh_->is_congested()) {
        holds_publishers_ = false;
        context_.holds->release();
    }
    if (found->second.is_stored) {
        erase(ticket, found->second);
    } else {
        found->second.is_settled = true;  // its row is on the way to the disk
    }
}

void FarSide::erase(std::uint64_t ticket, const Row& row) {
    context_.store.batch().delete_delivery({context_.node.mesh_session(), ticket, row.message});
    rows_.erase(ticket);
}

// What comes.

void FarSide::want(TenantId, std::string_view filter) {
    context_.subscriber->add_far(filter);
}

void FarSide::unwant(TenantId, std::string_view filter) {
    context_.subscriber->remove_far(filter);
}

void FarSide::deliver(const bus::Message& message, std::uint32_t expires_after_ms,
                      const bus::MeshMark& mark, std::function<void()> done) {
    bus::Message arrived = message;
    arrived.expires_at = expiry(expires_after_ms);
    arrived.audience.is_from_mesh = true;
    if (!is_usable(arrived)) {
        ++context_.counters.refused_from_mesh;
        if (done) {
            done();
        }
        return;
    }
    if (arrived.qos == Qos::AtMostOnce) {
        context_.router->publish(arrived, PublishOrigin{});
        return;
    }
    inbox_.take(arrived, mark, std::move(done));
}

// Retained messages: the first shard has all of them, as the mesh orders them here.

bool FarSide::keeps_for_all(const bus::Message& message) const {
    return is_open_ && is_of_all_nodes(message.topic.text());
}

/// Other shards hand over what they own; the last of them lets the mesh begin.
void FarSide::gather_retained() {
    context_.space(kDefaultTenant).topics.gather_owners();
    missing_shards_ = context_.shard.shard_count() - std::size_t{1};
    for (std::uint16_t i = 1; i < context_.shard.shard_count(); ++i) {
        context_.shard.post(ShardId(i), [this, node = &context_.node, i](runtime::Shard& there) {
            TopicSpace& space = node->shards[i]->context().space(kDefaultTenant);
            space.topics.gather_owners();
            there.post(ShardId(0), [this, retained = space.retained.take_all()](runtime::Shard&) {
                take_retained(retained);
            });
        });
    }
    if (missing_shards_ == 0) {
        finish_opening();
    }
}

void FarSide::take_retained(const std::vector<RetainedRef>& retained) {
    RetainedStore& store = context_.space(kDefaultTenant).retained;
    for (const RetainedRef& message : retained) {
        if (store.find(message->topic().text()) == nullptr) {
            store.restore(message->view());
        }
    }
    if (--missing_shards_ == 0) {
        finish_opening();
    }
}

void FarSide::finish_opening() {
    is_open_ = true;
    RetainedStore& store = context_.space(kDefaultTenant).retained;
    for (const RetainedRef& kept : store.all(context_.message_now())) {
        const bus::Message message = kept->view();
        if (is_of_all_nodes(message.topic.text())) {
            mesh_->adopt_retained(message, message_left_ms(message.expires_at));
        }
    }
    context_.snapshots->forget_expired();
    std::exchange(opened_, nullptr)();
    read_wanted();
}

void FarSide::put_retained(const bus::Message& message, std::uint32_t expires_after_ms) {
    bus::Message missed = message;
    missed.expires_at = expiry(expires_after_ms);
    if (!is_usable(missed) || missed.payload.empty()) {
        ++context_.counters.refused_from_mesh;
        return;
    }
    keep_retained(missed);
}

void FarSide::keep_retained(const bus::Message& message) {
    const RetainedStore::Change change =
        context_.space(kDefaultTenant).retained.set(message, context_.message_now());
    context_.snapshots->forget_expired();
    if (change == RetainedStore::Change::TooMany || change == RetainedStore::Change::TooManyBytes) {
        context_.router->note_retained_full(message, change == RetainedStore::Change::TooMany
                                                         ? Limit::RetainedMessages
                                                         : Limit::RetainedBytes);
        return;
    }
    context_.router->store_retained(message, change);
}

std::string FarSide::delete_retained(std::uint64_t topic_hash) {
    const RetainedMessage* kept = context_.space(kDefaultTenant).retained.find_by_hash(topic_hash);
    if (kept == nullptr || !is_of_all_nodes(kept->topic().text())) {
        return {};
    }
    std::string topic(kept->topic().text());
    keep_retained({.topic = bus::TopicName::trusted(topic)});
    return topic;
}

std::optional<bus::BrokerPort::Retained> FarSide::find_retained(std::uint64_t topic_hash) {
    const RetainedMessage* kept = context_.space(kDefaultTenant).retained.find_by_hash(topic_hash);
    if (kept == nullptr || kept->is_expired(context_.message_now())) {
        return std::nullopt;
    }
    const bus::Message message = kept->view();
    return Retained{.message = message, .expires_after_ms = message_left_ms(message.expires_at)};
}

bool FarSide::has_subscribers(std::string_view topic) {
    std::optional<Route> scratch;
    const Route& route =
        context_.router->fresh_route({.topic = bus::TopicName::trusted(topic)}, scratch);
    return !route.targets.empty() || !route.taps.empty() || route.shards != 0;
}

void FarSide::announce_retained(const bus::Message& message) {
    bus::Message missed = message;
    missed.retain = true;
    missed.audience = {.is_from_mesh = true, .for_all = true, .keeps_retained = false};
    context_.router->publish(missed, PublishOrigin{});
}

}  // namespace kith::broker

#include "broker/detail/queue_loader.h"

#include <algorithm>

#include "base/utf8.h"
#include "broker/detail/client_rights.h"
#include "broker/detail/connection.h"
#include "broker/detail/queue_part_reader.h"
#include "broker/detail/session.h"
#include "broker/detail/session_table.h"
#include "broker/detail/share_returns.h"
#include "broker/limits.h"
#include "wire/mqtt/properties.h"

namespace kith::broker {
namespace {

/// How often disks are searched for expired messages of one session, at most, and as a rule.
constexpr Duration kSweepWaitMin = 1s;
constexpr Duration kSweepInterval = 30s;

/// In memory for a session whose client is not there.
constexpr OutboundQueue::Limits kAbsentWindow{.message_count_max = 256, .bytes_max = 256 * 1024};
/// In memory for one that is there while memory is short.
constexpr OutboundQueue::Limits kTightWindow{.message_count_max = kQueueWindowMessagesMin,
                                             .bytes_max = 64 * 1024};

/// The group that gave `message` to `session`: stores do not say, but if only a shared subscription
/// matches, that one did.
GroupRef group_of(SubscriptionIndex& index, const Session& session, const StoredMessage& message) {
    GroupRef group;
    if (session.shared_count == 0) {
        return group;
    }
    for (const auto& [place, id] : session.subscriptions) {
        const Subscription& subscription = index.at(id);
        if (!bus::TopicFilter::trusted(index.filter(subscription)).matches(message.topic())) {
            continue;
        }
        if (!subscription.is_shared) {
            return {};
        }
        group = index.group(subscription);
    }
    return group;
}

/// What was on disk was valid once, but a disk may err.
bool is_usable(const storage::MessageRecord& message) {
    return message.tenant == kDefaultTenant && is_mqtt_utf8(as_bytes(message.topic)) &&
           bus::TopicName::create(message.topic) &&
           mqtt::MessageProperties::from_encoded(message.properties);
}

/// The disk has wall time, and that may have been set since: then the later of what it may mean
/// counts, because a clock that is set expires nothing.
WallTime disk_now(const ShardContext& context) {
    return std::min(context.message_now(), context.shard.wall_now());
}

WallTime from_disk(const ShardContext& context, WallTime expires_at) {
    return expires_at == WallTime()
               ? expires_at
               : std::max(expires_at,
                          expires_at - (context.shard.wall_now() - context.message_now()));
}

MessageRef make_stored(const storage::MessageRecord& message, WallTime expires_at) {
    MessageRef stored = StoredMessage::create({.tenant = message.tenant,
                                               .topic = bus::TopicName::trusted(message.topic),
                                               .payload = message.payload,
                                               .properties = message.properties,
                                               .qos = message.qos,
                                               .retain = false,
                                               .publisher = {},
                                               .published_at = message.published_at,
                                               .expires_at = expires_at},
                                              message.id);
    stored->mark_committed();
    return stored;
}

/// Puts what was read into a session's window, until its packet ids do not allow more.
class WindowFiller final : public QueuePartReader {
  public:
    WindowFiller(ShardContext& context, Session& session) : context_(context), session_(session) {}

    /// Where it stopped; `behind` if it did not.
    [[nodiscard]] std::uint64_t next(std::uint64_t behind) const {
        return is_full_ ? full_at_ : behind;
    }
    [[nodiscard]] bool has_loaded() const { return has_loaded_; }
    [[nodiscard]] std::size_t unusable_count() const { return unusable_count_; }

    void put_message(const storage::MessageRecord& message) override {
        message_ = is_usable(message)
                       ? make_stored(message, from_disk(context_, message.expires_at))
                       : nullptr;
    }
    void put_delivery(const storage::DeliveryRecord& delivery) override;

  private:
    ShardContext& context_;
    Session& session_;
    MessageRef message_;
    std::uint64_t full_at_ = 0;
    std::size_t unusable_count_ = 0;
    bool is_full_ = false;
    bool has_loaded_ = false;
};

void WindowFiller::put_delivery(const storage::DeliveryRecord& delivery) {
    if (is_full_) {
        return;
    }
    if (!session_.outbound.spans_less(delivery.sequence)) {
        is_full_ = true;
        full_at_ = delivery.sequence;
        return;
    }
    Spill& spill = *session_.outbound.spill();
    Counters& counters = context_.counters;
    spill.remove(delivery.size_bytes);
    --counters.spilled_messages;
    counters.spilled_bytes -= delivery.size_bytes;
    counters.queued_bytes -= delivery.size_bytes;
    if (message_ == nullptr || delivery.qos == Qos::AtMostOnce) {
        ++unusable_count_;
        --counters.queued_messages;
        return;
    }
    counters.queued_bytes += message_->size_bytes();
    ++counters.spill_loaded;
    context_.memory.add_item(message_.get());
    OutboundItem item;
    item.sequence = delivery.sequence;
    item.message_id = delivery.message;
    item.subscription_identifiers = decode_identifiers(delivery.subscription_identifiers);
    item.group = group_of(context_.default_space.index, session_, *message_);
    item.qos = delivery.qos;
    item.retain = delivery.retain;
    item.awaits_commit = true;
    item.was_sent = spill.may_have_been_sent(delivery.sequence, message_->published_at());
    item.message = std::move(message_);
    session_.outbound.load(std::move(item));
    has_loaded_ = true;
}

}  // namespace

bool QueueLoader::is_short_of_memory(const Session& session) const {
    const Counters& counters = context_.counters;
    return !context_.memory.allows(session.outbound.window_bytes()) ||
           counters.queued_bytes - counters.spilled_bytes >=
               context_.options().queue_memory_bytes_max / context_.shard.shard_count();
}

OutboundQueue::Limits QueueLoader::window_limits(const Session& session) const {
    const BrokerOptions& options = context_.options();
    if (session.connection == nullptr) {
        return is_short_of_memory(session)
                   ? OutboundQueue::Limits{}
                   : OutboundQueue::Limits{
                         .message_count_max = std::min(options.session_window_messages_max,
                                                       kAbsentWindow.message_count_max),
                         .bytes_max =
                             std::min(options.session_window_bytes_max, kAbsentWindow.bytes_max)};
    }
    return is_short_of_memory(session)
               ? kTightWindow
               : OutboundQueue::Limits{.message_count_max = options.session_window_messages_max,
                                       .bytes_max = options.session_window_bytes_max};
}

void QueueLoader::refill(Session& session) {
    OutboundQueue& queue = session.outbound;
    Spill* spill = queue.spill();
    if (session.is_leaving()) {
        return;
    }
    // For a client that is not there, only what other members of its groups may take.
    const bool is_wanted = session.connection != nullptr || session.shared_count > 0;
    if (spill == nullptr || spill->is_reading || !is_wanted || !spill->has_readable() ||
        !queue.spans_less(spill->from())) {
        return;
    }
    OutboundQueue::Limits limits = window_limits(session);
    limits.message_count_max =
        std::max(limits.message_count_max,
                 std::min(kQueueWindowMessagesMin, context_.options().session_window_messages_max));
    limits.bytes_max = std::max(limits.bytes_max, kTightWindow.bytes_max);
    const bool has_room =
        queue.window_count() == 0 || (queue.window_count() <= limits.message_count_max / 2 &&
                                      queue.window_bytes() <= limits.bytes_max / 2);
    if (!has_room) {
        return;
    }
    spill->is_reading = true;
    context_.store.read_queue(
        {.session = session.id(),
         .from = spill->from(),
         .behind = spill->readable_behind(),
         .now = disk_now(context_),
         .messages_max =
             std::min(kQueueReadMessagesMax, limits.message_count_max - queue.window_count()),
         .bytes_max = std::min(kQueueReadBytesMax, limits.bytes_max)});
}

void QueueLoader::on_read(const storage::QueuePart& part) {
    Session* session = context_.sessions->find(part.read.session);
    if (session == nullptr) {
        return;  // it has ended
    }
    Spill* spill = session->outbound.spill();
    CHECK(spill != nullptr && spill->is_reading);
    spill->is_reading = false;
    if (session->is_leaving()) {
        return;  // its rows are somebody else's now
    }
    if (part.read.only_dropped) {
        on_swept(*session, part);
    } else if (part.read.from == spill->from() &&
               (session->connection != nullptr || session->shared_count > 0)) {
        for (const storage::QueuePart::Dropped& dropped : part.dropped) {
            drop(*session, dropped);
        }
        WindowFiller filler(context_, *session);
        part.found.visit(filler);
        spill->advance(filler.next(part.next));
        if (filler.has_loaded() && session->connection != nullptr) {
            drop_forbidden(*session);
        }
        if (filler.unusable_count() > 0) {
            LOG(context_.shard.log(), Error, "queue has messages that cannot be used",
                {"client", std::string_view(session->client_id())},
                {"left_out", filler.unusable_count()});
        }
    }
    end_if_over(*session);
    if (session->connection != nullptr) {
        session->connection->pump();
        refill(*session);
    } else if (session->shared_count > 0 && session->outbound.window_count() > 0) {
        context_.returns->return_unsent(*session);
    }
}

/// Rights may have changed since it was queued.
void QueueLoader::drop_forbidden(Session& session) {
    context_.sessions->drop_unsent(session, [&session](bus::TopicName topic) {
        return !RightsTable::may_subscribe(session.rights(), session.client_id(),
                                           bus::TopicFilter::trusted(topic.text()));
    });
}

/// It expired, or its message has been lost: the row goes.
void QueueLoader::drop(Session& session, const storage::QueuePart::Dropped& dropped) {
    Counters& counters = context_.counters;
    session.outbound.spill()->remove(dropped.size_bytes);
    --counters.spilled_messages;
    --counters.queued_messages;
    counters.spilled_bytes -= dropped.size_bytes;
    counters.queued_bytes -= dropped.size_bytes;
    if (dropped.reason == storage::QueueDrop::Expired) {
        ++counters.dropped_expired;  // [MQTT-3.3.2-5]
    } else {
        LOG(context_.shard.log(), Error, "queue lacks a message",
            {"client", std::string_view(session.client_id())},
            {"message", dropped.key.message.value()});
    }
    context_.store.batch().delete_delivery(dropped.key);
}

void QueueLoader::end_if_over(Session& session) {
    const Spill& spill = *session.outbound.spill();
    if (!spill.is_over() || spill.is_reading) {
        return;
    }
    // Nothing is left, if the disk holds what it was given.
    context_.counters.spilled_messages -= spill.message_count();
    context_.counters.queued_messages -= spill.message_count();
    context_.counters.spilled_bytes -= spill.size_bytes();
    context_.counters.queued_bytes -= spill.size_bytes();
    session.outbound.drop_empty_spill();
}

void QueueLoader::on_stored(Session& session, std::uint64_t sequence) {
    Spill& spill = *session.outbound.spill();
    spill.on_stored(sequence);
    if (spill.has_expiring() && !sweep_timer_.is_armed()) {
        context_.shard.arm_after(sweep_timer_, kSweepInterval);
    }
    refill(session);
}

void QueueLoader::on_left(Session& session) {
    session.outbound.evict(window_limits(session).message_count_max, [this](OutboundItem& item) {
        ++context_.counters.spilled_messages;
        context_.counters.spilled_bytes += item.message->size_bytes();
        ++context_.counters.spilled;
        context_.memory.remove_item(item.message.get());
    });
}

void QueueLoader::forget(Session& session) {
    const Spill* spill = session.outbound.spill();
    if (spill != nullptr) {
        context_.counters.spilled_messages -= spill->message_count();
        context_.counters.queued_messages -= spill->message_count();
        context_.counters.spilled_bytes -= spill->size_bytes();
        context_.counters.queued_bytes -= spill->size_bytes();
    }
}

void QueueLoader::sweep(Session& session) {
    Spill& spill = *session.outbound.spill();
    if (session.is_leaving() || spill.is_reading || !spill.has_expiring() ||
        !spill.has_readable() || context_.shard.now() < spill.next_sweep_at) {
        return;
    }
    spill.is_reading = true;
    context_.store.read_queue({.session = session.id(),
                               .from = std::max(spill.from(), spill.swept_to),
                               .behind = spill.readable_behind(),
                               .now = disk_now(context_),
                               .only_dropped = true});
}

void QueueLoader::on_swept(Session& session, const storage::QueuePart& part) {
    Spill& spill = *session.outbound.spill();
    for (const storage::QueuePart::Dropped& dropped : part.dropped) {
        drop(session, dropped);
    }
    const bool is_done = part.next >= part.read.behind;
    spill.swept_to = is_done ? 0 : part.next;
    if (is_done) {
        spill.next_sweep_at = context_.shard.now() + kSweepWaitMin;
    } else if (session.connection == nullptr) {
        sweep(session);
    }
}

void QueueLoader::sweep_all() {
    bool has_expiring = false;
    context_.sessions->for_each([&](Session& session) {
        if (session.outbound.is_spilling() && session.outbound.spill()->has_expiring()) {
            has_expiring = true;
            sweep(session);
        }
    });
    if (has_expiring) {
        context_.shard.arm_after(sweep_timer_, kSweepInterval);
    }
}

bool QueueLoader::may_have_sent_more(const Session& session) const {
    const Spill* spill = session.outbound.spill();
    return spill != nullptr && spill->from() < spill->recovered_behind();
}

void QueueLoader::restore(Session& session, const storage::QueueRecord& record) {
    session.outbound.restore(record, session.disconnected_at());
    Counters& counters = context_.counters;
    counters.queued_messages += record.message_count;
    counters.queued_bytes += record.size_bytes;
    counters.spilled_messages += record.message_count;
    counters.spilled_bytes += record.size_bytes;
}

void QueueLoader::start() {
    context_.shard.arm_after(sweep_timer_, kSweepInterval);
}

}  // namespace kith::broker

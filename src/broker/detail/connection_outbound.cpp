// What goes out to a client: QoS 0 at once, QoS 1 and 2 from the session's queue.
#include <fmt/format.h>

#include <cstring>

#include "broker/detail/connection.h"
#include "broker/detail/hold_list.h"
#include "broker/detail/session.h"
#include "broker/detail/session_table.h"
#include "broker/detail/slow_clients.h"
#include "broker/detail/snapshot.h"
#include "broker/detail/subscriber.h"
#include "broker/limits.h"

namespace kith::broker {
namespace {

constexpr const char* kTooLarge = "larger than the largest packet that the client takes";

}  // namespace

void Connection::send_qos0(const bus::Message& message, Fanout& fanout, const Qos0& how) {
    const bool is_over_share = !has_share(0);
    if (stream_->is_congested() || is_over_share) [[unlikely]] {
        context_.subscriber->note_room(*session_);
        suspect();
        if (stream_->unsent_bytes() > kUnsentBytesMax ||
            !may_hold_publishers(context_.options().slow_consumer_hold)) {
            drop_qos0(message, is_over_share);
            return;
        }
        context_.slow_clients->note_hold(*session_);
        context_.holds->note(Congestion::Receiver);
    }
    if (context_.tracer.is_on()) [[unlikely]] {
        show_delivered(message, {.retain = how.retain, .packet_id = {}});
    }
    if (how.identifiers.empty() && outbound_aliases() == nullptr) [[likely]] {
        const EncodedPublish encoded = fanout.encoded(version_, how.retain);
        if (encoded.size_bytes() > client_packet_bytes_max_) {
            ++context_.counters.dropped_too_large;  // [MQTT-3.1.2-25]
            show_dropped(message, kTooLarge);
            return;
        }
        write(encoded);
        context_.counters.payload_bytes_out += message.payload.size();
        return;
    }
    const bool is_sent = write_publish(
        {.retain = how.retain,
         .topic = message.topic.text(),
         .payload = message.payload,
         .message_expiry_interval = remaining_expiry_s(message.expires_at, context_.message_now()),
         .properties = {message.properties},
         .subscription_identifiers = how.identifiers},
        nullptr);
    if (!is_sent) {
        ++context_.counters.dropped_too_large;
        show_dropped(message, kTooLarge);
    }
}

/// To those who look: what is on its way to the client. What turns out to be too large for it is
/// said to be dropped next.
void Connection::show_delivered(const bus::Message& message, const Tracer::Delivered& how) {
    session_->show_watchers({.is_from_client = false,
                             .at = context_.shard.wall_now(),
                             .topic = message.topic.text(),
                             .payload = message.payload,
                             .qos = how.qos,
                             .retain = how.retain});
    context_.tracer.delivered(*session_, message, how);
    if (context_.packet_log.has(session_->client_id())) {
        context_.packet_log.show(
            session_->client_id(),
            {.at = context_.shard.wall_now(),
             .is_from_client = false,
             .type = to_string(mqtt::PacketType::Publish),
             .packet_id = how.packet_id,
             .text = fmt::format("qos {}{}{}, {} bytes to {}", static_cast<unsigned>(how.qos),
                                 how.retain ? ", retain" : "", how.is_again ? ", again" : "",
                                 message.payload.size(), message.topic.text())});
    }
}

void Connection::show_dropped(const bus::Message& message, const char* reason) {
    if (context_.tracer.is_on()) {
        context_.tracer.dropped(*session_, message, reason);
    }
}

void Connection::drop_qos0(const bus::Message& message, bool is_over_share) {
    ++session_->traffic.dropped;
    if (is_over_share) {
        ++context_.counters.dropped_memory;
        note_limit(Limit::QueuedBytes);
        show_dropped(message, "the receiver's share of memory is full, and QoS 0 does not wait");
        return;
    }
    ++context_.counters.dropped_slow;
    show_dropped(message, "the receiver is too slow, and QoS 0 does not wait");
}

void Connection::write(const EncodedPublish& encoded) {
    runtime::OutputQueue& output = stream_->output();
    output.append(encoded.head);
    if (encoded.payload != nullptr) {
        output.append(*encoded.payload);
    }
    const std::size_t bytes = encoded.size_bytes();
    ++context_.counters.messages_out;
    context_.counters.bytes_out += bytes;
    ++session_->traffic.messages_out;
    session_->traffic.bytes_out += bytes;
    stream_->request_flush();
}

/// Encodes one PUBLISH for this client alone; false if it is larger than the client takes.
bool Connection::write_publish(mqtt::Publish packet, const SharedBytes* shared_payload) {
    const std::string_view topic = packet.topic;
    OutboundAliases* aliases = outbound_aliases();
    OutboundAliases::Use use;
    if (aliases != nullptr) {
        use = aliases->find(topic);
        if (use.alias != 0) {
            packet.topic_alias = use.alias;
            packet.topic = use.is_known ? std::string_view() : topic;
        }
    }
    const std::size_t bytes = mqtt::encoded_bytes(packet, version_);
    if (bytes > client_packet_bytes_max_) {
        return false;
    }
    context_.counters.payload_bytes_out += packet.payload.size();
    if (use.alias != 0 && !use.is_known) {
        aliases->add(topic);  // the client learns it with this packet
    }
    if (shared_payload != nullptr && !shared_payload->empty()) {
        const std::size_t head_bytes = mqtt::encoded_head_bytes(packet, version_);
        if (head_bytes <= runtime::kChunkBytes) [[likely]] {
            ByteWriter writer(stream_->output().reserve(head_bytes));
            mqtt::encode_head(packet, version_, writer);
            stream_->output().commit(head_bytes);
            write({.payload = shared_payload});
            context_.counters.bytes_out += head_bytes;
            session_->traffic.bytes_out += head_bytes;
            return true;
        }
        std::vector<std::uint8_t> head(head_bytes);
        ByteWriter writer(head);
        mqtt::encode_head(packet, version_, writer);
        write({.head = head, .payload = shared_payload});
        return true;
    }
    if (bytes > runtime::kChunkBytes) {
        std::vector<std::uint8_t> whole(bytes);
        ByteWriter writer(whole);
        mqtt::encode(packet, version_, writer);
        write({.head = whole});
        return true;
    }
    ByteWriter writer(stream_->output().reserve(bytes));
    mqtt::encode(packet, version_, writer);
    stream_->output().commit(bytes);
    write({});
    context_.counters.bytes_out += bytes;
    session_->traffic.bytes_out += bytes;
    return true;
}

void Connection::pump() {
    if (state_ != State::Open) {
        return;
    }
    OutboundQueue& queue = session_->outbound;
    bool is_blocked = false;
    while (OutboundItem* item = queue.next()) {
        const bool is_full = queue.in_window_count() >= window_max_;
        if (is_full || stream_->is_congested()) {
            is_blocked = true;
            break;
        }
        if (!item->may_be_sent()) {
            break;
        }
        if (!item->was_sent && item->message->is_expired(context_.message_now())) {
            ++context_.counters.dropped_expired;
            show_dropped(item->message->view(), "expired before it could be sent");
            complete_item(*item);
            continue;
        }
        if (!send_item(*item)) {
            ++context_.counters.dropped_too_large;
            show_dropped(item->message->view(), kTooLarge);
            complete_item(*item);  // as if it had been sent and acknowledged [MQTT-3.1.2-25]
            continue;
        }
        queue.advance();
    }
    if (is_blocked) {
        suspect();
    } else if (is_suspect_ && !stream_->is_congested()) {
        is_suspect_ = false;
    }
    if (is_slow() && can_take_more()) {
        note_not_slow();
        context_.holds->release();
    }
    context_.snapshots->on_room(*session_);
}

void Connection::suspect() {
    if (!is_suspect_) {
        is_suspect_ = true;
        context_.slow_clients->suspect(*session_);
    }
}

/// [MQTT-4.4.0-1]. All at once: a full window delays only PUBLISH [MQTT-3.3.4-10].
void Connection::resend_releases() {
    session_->outbound.for_each([this](const OutboundItem& item) {
        if (item.state == OutboundItem::State::Released) {
            send_release(item.packet_id());
        }
    });
}

void Connection::send_release(PacketId packet_id) {
    send_acknowledgement(mqtt::PacketType::Pubrel, packet_id);
}

bool Connection::send_item(const OutboundItem& item) {
    const StoredMessage& message = *item.message;
    const WallTime now = context_.shard.wall_now();
    if (!item.was_sent) {
        const std::int64_t delay_ms = (now - message.published_at()).count();
        context_.counters.delivery.record_us(
            static_cast<std::uint64_t>(std::max<std::int64_t>(delay_ms, 0)) * 1000);
    }
    if (context_.tracer.is_on()) [[unlikely]] {
        show_delivered(message.view(), {.qos = item.qos,
                                        .retain = item.retain,
                                        .is_again = item.was_sent,
                                        .packet_id = item.packet_id()});
    }
    return write_publish({.dup = item.was_sent,
                          .qos = item.qos,
                          .retain = item.retain,
                          .topic = message.topic().text(),
                          .packet_id = item.packet_id(),
                          .payload = message.payload(),
                          .message_expiry_interval =
                              remaining_expiry_s(message.expires_at(), context_.message_now()),
                          .properties = {message.properties()},
                          .subscription_identifiers = {item.subscription_identifiers.data(),
                                                       item.subscription_identifiers.size()}},
                         &message.shared_payload());
}

void Connection::complete_item(OutboundItem& item) {
    context_.sessions->complete(*session_, item);
}

bool Connection::may_hold_publishers(Duration patience) {
    Instant& slow_since = extras().slow_since;
    if (slow_since == Instant::never()) {
        slow_since = context_.shard.now();
    }
    return context_.shard.now() - slow_since <= patience;
}

bool Connection::can_take_more() const {
    const BrokerOptions& options = context_.options();
    const OutboundQueue& queue = session_->outbound;
    return !stream_->is_congested() &&
           queue.message_count() <= options.session_queue_messages_max / 2 &&
           queue.size_bytes() <= options.session_queue_bytes_max / 2 &&
           has_share(queue.size_bytes() * 2);
}

bool Connection::has_window(bool had_window) const {
    const std::size_t count = session_->outbound.message_count();
    return !stream_->is_congested() &&
           (had_window ? count < window_max_ : count <= window_max_ / 2U);
}

void Connection::on_drained() {
    if (state_ != State::Open) {
        return;
    }
    if (can_take_more()) {
        note_not_slow();
    }
    context_.holds->release();
    allow_input(Stop::Unanswered);
    context_.subscriber->note_room(*session_);
    pump();
}

}  // namespace kith::broker

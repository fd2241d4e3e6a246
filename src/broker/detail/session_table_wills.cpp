// The wills of a shard's sessions: which are taken, how they are kept, and when they are published.
#include "broker/detail/session_table.h"

#include "broker/detail/router.h"
#include "bus/topic_access.h"

namespace kith::broker {

using mqtt::ReasonCode;

SessionTable::Opened SessionTable::check_will(const mqtt::Will& will,
                                              std::string_view client_id) const {
    const std::size_t bytes =
        will.topic.size() + will.payload.size() + will.properties.encoded.size();
    if (bus::is_deeper_than(will.topic, context_.options().topic_levels_max)) {
        context_.limit_log.reached(Limit::TopicLevels, {.client_id = client_id, .address = {}});
        return {.refusal = ReasonCode::TopicNameInvalid, .words = "will topic has too many levels"};
    }
    if (bytes > context_.options().will_bytes_max) {
        context_.limit_log.reached(Limit::WillBytes, {.client_id = client_id, .address = {}});
        return {.refusal = ReasonCode::QuotaExceeded, .words = "will too large"};
    }
    if (!context_.node.wills_bytes.has_room(bytes)) {
        context_.limit_log.reached(Limit::WillsBytes, {.client_id = client_id, .address = {}});
        return {.refusal = ReasonCode::QuotaExceeded, .words = "too many bytes of wills"};
    }
    return {};
}

void SessionTable::set_will(Session& session, const mqtt::Connect& connect) {
    session.will.reset();
    if (!connect.will) {
        return;
    }
    const mqtt::Will& will = *connect.will;
    auto kept = std::make_unique<SessionWill>();
    kept->delay_s = will.will_delay_interval;
    kept->message_expiry_interval_s = will.message_expiry_interval.value_or(0);
    kept->message = StoredMessage::create({.tenant = session.tenant(),
                                           .topic = bus::TopicName::trusted(will.topic),
                                           .payload = will.payload,
                                           .properties = will.properties.encoded,
                                           .qos = will.qos,
                                           .retain = will.retain,
                                           .publisher = session.id(),
                                           .published_at = {},
                                           .expires_at = {}},
                                          MessageId{});
    kept->hold = BudgetHold(context_.node.wills_bytes, kept->message->size_bytes());
    session.will = std::move(kept);
}

/// Of a session that goes on, at least until the will is where it has to go.
void SessionTable::publish_will(Session& session) {
    const std::optional<SessionWill> will = take_will(session);
    if (!will) {
        if (session.is_stored) {
            write_record(session);
            arm_timer(session);
        }
        return;
    }
    if (!session.is_stored) {
        context_.router->publish(message_of(*will), PublishOrigin{});
        return;
    }
    // The record keeps the will until then: another shard may commit it, later than this one would
    // commit the record. Power lost in between publishes it again.
    context_.router->publish(message_of(*will), [this, id = session.id()](const auto&) {
        Session* now = find(id);
        if (now != nullptr && now->will == nullptr) {
            write_record(*now);
            if (!now->is_connected()) {
                arm_timer(*now);  // it may have been over, but for this
            }
        }
    });
}

/// Judged again: roles may have changed since CONNECT.
std::optional<SessionWill> SessionTable::take_will(Session& session) {
    const std::unique_ptr<SessionWill> will = std::move(session.will);
    const bus::TopicName topic = will->message->topic();
    if (!RightsTable::may_publish(session.rights(), session.client_id(), topic)) {
        context_.rights->note_denied(session.client_id(), bus::TopicAction::Publish, topic.text());
        return std::nullopt;
    }
    ++context_.counters.wills_published;
    return std::move(*will);
}

/// Borrows from `will`.
bus::Message SessionTable::message_of(const SessionWill& will) const {
    bus::Message message = will.message->view();
    message.published_at = context_.shard.wall_now();
    if (will.message_expiry_interval_s != 0) {
        message.expires_at =
            context_.message_now() + std::chrono::seconds(will.message_expiry_interval_s);
    }
    return message;
}

}  // namespace kith::broker

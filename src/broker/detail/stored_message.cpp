#include "broker/detail/stored_message.h"

#include <cstring>
#include <new>

#include "base/narrow.h"
#include "broker/detail/block_cache.h"
#include "runtime/limits.h"

namespace kith::broker {
namespace {

std::uint8_t* put(std::uint8_t* at, Bytes bytes) {
    if (!bytes.empty()) {
        std::memcpy(at, bytes.data(), bytes.size());
    }
    return at + bytes.size();
}

}  // namespace

MessageRef StoredMessage::create(const bus::Message& message, MessageId id) {
    const bool is_large = message.payload.size() >= runtime::kReferenceBytesMin;
    const Bytes topic = as_bytes(message.topic.text());
    const std::size_t tail_bytes =
        topic.size() + message.properties.size() + (is_large ? 0 : message.payload.size());
    auto* stored = new (take_block(sizeof(StoredMessage) + tail_bytes)) StoredMessage();
    stored->id_ = id;
    stored->publisher_ = message.publisher;
    stored->published_at_ = message.published_at;
    stored->expires_at_ = message.expires_at;
    stored->tenant_ = message.tenant;
    stored->qos_ = static_cast<std::uint32_t>(message.qos) & 3U;
    stored->retain_ = message.retain ? 1 : 0;
    stored->trace_ = message.trace;
    stored->topic_bytes_ = narrow<std::uint16_t>(topic.size());
    stored->properties_bytes_ = narrow<std::uint32_t>(message.properties.size());
    stored->payload_bytes_ = narrow<std::uint32_t>(message.payload.size());
    auto* at = reinterpret_cast<std::uint8_t*>(stored + 1);
    at = put(at, topic);
    at = put(at, message.properties);
    if (is_large) {
        stored->shared_payload_ = SharedBytes::copy_of(message.payload);
    } else {
        put(at, message.payload);
    }
    return MessageRef(stored);
}

void intrusive_ptr_release(StoredMessage* message) {
    if (--message->owner_count_ == 0) {
        const std::size_t tail_bytes =
            std::size_t{message->topic_bytes_} + message->properties_bytes_ +
            (message->shared_payload_.empty() ? message->payload_bytes_ : 0U);
        message->~StoredMessage();
        give_block(message, sizeof(StoredMessage) + tail_bytes);
    }
}

bus::TopicName StoredMessage::topic() const {
    return bus::TopicName::trusted(as_text({tail(), topic_bytes_}));
}

Bytes StoredMessage::properties() const {
    return {tail() + topic_bytes_, properties_bytes_};
}

Bytes StoredMessage::payload() const {
    if (!shared_payload_.empty()) {
        return shared_payload_.bytes();
    }
    return {tail() + topic_bytes_ + properties_bytes_, payload_bytes_};
}

bus::Message StoredMessage::view() const {
    return {.tenant = tenant_,
            .topic = topic(),
            .payload = payload(),
            .properties = properties(),
            .qos = qos(),
            .retain = retain_ != 0,
            .trace = trace_,
            .publisher = publisher_,
            .published_at = published_at_,
            .expires_at = expires_at_};
}

}  // namespace kith::broker

#include "broker/detail/retained_message.h"

#include <cstring>
#include <new>

#include "base/check.h"
#include "base/narrow.h"

namespace kith::broker {
namespace {

std::uint8_t* put(std::uint8_t* at, Bytes bytes) {
    if (!bytes.empty()) {
        std::memcpy(at, bytes.data(), bytes.size());
    }
    return at + bytes.size();
}

}  // namespace

RetainedRef RetainedMessage::create(const bus::Message& message) {
    const std::size_t expiry_bytes = message.expires_at == WallTime() ? 0 : sizeof(WallTime);
    const std::size_t tail_bytes = expiry_bytes + message.topic.text().size() +
                                   message.properties.size() + message.payload.size();
    void* memory = ::operator new(sizeof(RetainedMessage) + tail_bytes);
    return RetainedRef(new (memory) RetainedMessage(message));
}

RetainedMessage::RetainedMessage(const bus::Message& message)
    : publisher_(message.publisher),
      published_at_(message.published_at),
      payload_bytes_(narrow<std::uint32_t>(message.payload.size())),
      properties_bytes_(narrow<std::uint32_t>(message.properties.size()) & 0x0FFF'FFFFU),
      qos_(static_cast<std::uint32_t>(message.qos) & 3U),
      expires_(message.expires_at == WallTime() ? 0 : 1),
      topic_bytes_(narrow<std::uint16_t>(message.topic.text().size())),
      trace_(message.trace) {
    CHECK(message.tenant == kDefaultTenant);
    CHECK(properties_bytes_ == message.properties.size());
    auto* at = reinterpret_cast<std::uint8_t*>(this + 1);
    if (expires_ != 0) {
        std::memcpy(at, &message.expires_at, sizeof(WallTime));
        at += sizeof(WallTime);
    }
    at = put(at, as_bytes(message.topic.text()));
    at = put(at, message.properties);
    put(at, message.payload);
}

void intrusive_ptr_release(const RetainedMessage* message) {
    if (--message->owner_count_ == 0) {
        message->~RetainedMessage();
        ::operator delete(const_cast<RetainedMessage*>(message));
    }
}

bus::TopicName RetainedMessage::topic() const {
    return bus::TopicName::trusted(as_text({tail() + expiry_bytes(), topic_bytes_}));
}

WallTime RetainedMessage::expires_at() const {
    WallTime at;
    if (expires_ != 0) {
        std::memcpy(&at, tail(), sizeof(at));
    }
    return at;
}

bus::Message RetainedMessage::view() const {
    const std::uint8_t* at = tail() + expiry_bytes() + topic_bytes_;
    return {.tenant = kDefaultTenant,
            .topic = topic(),
            .payload = Bytes(at + properties_bytes_, payload_bytes_),
            .properties = Bytes(at, properties_bytes_),
            .qos = static_cast<Qos>(qos_),
            .retain = true,
            .trace = trace_,
            .publisher = publisher_,
            .published_at = published_at_,
            .expires_at = expires_at()};
}

}  // namespace kith::broker

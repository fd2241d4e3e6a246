// A message as the retained store keeps it: there may be millions, and most of them only lie there.
//
// One allocation of just its size: this object, when it expires (if it does), topic, properties,
// payload. What waits to be sent keeps it alive. The count is not atomic. Threads: shard-local.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <cstdint>

#include "bus/message.h"

namespace kith::broker {

class RetainedMessage;
using RetainedRef = boost::intrusive_ptr<const RetainedMessage>;

class RetainedMessage {
  public:
    [[nodiscard]] static RetainedRef create(const bus::Message& message);
    RetainedMessage(const RetainedMessage&) = delete;
    RetainedMessage& operator=(const RetainedMessage&) = delete;

    [[nodiscard]] bus::TopicName topic() const;
    [[nodiscard]] WallTime expires_at() const;
    [[nodiscard]] bool is_expired(WallTime now) const {
        return expires_ != 0 && now >= expires_at();
    }
    /// What it counts as, in bytes.
    [[nodiscard]] std::size_t size_bytes() const { return sizeof(RetainedMessage) + tail_bytes(); }
    /// As it was published, borrowed from this object.
    [[nodiscard]] bus::Message view() const;

  private:
    explicit RetainedMessage(const bus::Message& message);
    ~RetainedMessage() = default;
    friend void intrusive_ptr_add_ref(const RetainedMessage* message) { ++message->owner_count_; }
    friend void intrusive_ptr_release(const RetainedMessage* message);

    [[nodiscard]] std::size_t expiry_bytes() const { return expires_ != 0 ? sizeof(WallTime) : 0; }
    [[nodiscard]] std::size_t tail_bytes() const {
        return expiry_bytes() + topic_bytes_ + properties_bytes_ + payload_bytes_;
    }
    [[nodiscard]] const std::uint8_t* tail() const {
        return reinterpret_cast<const std::uint8_t*>(this + 1);
    }

    SessionId publisher_;
    WallTime published_at_;
    mutable std::uint32_t owner_count_ = 0;
    std::uint32_t payload_bytes_;
    std::uint32_t properties_bytes_ : 28;  // as many bits as a packet's length has
    std::uint32_t qos_ : 2;
    std::uint32_t expires_ : 1;
    std::uint16_t topic_bytes_;
    std::uint16_t trace_;
};
static_assert(sizeof(RetainedMessage) == 32);

}  // namespace kith::broker

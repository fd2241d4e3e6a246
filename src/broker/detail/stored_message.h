// A message that somebody on this shard must keep: queued, in flight, or retained.
//
// One copy a shard, shared by all sessions that wait for it; made only when the first of them needs
// it. Large payloads are a SharedBytes, so that sockets can refer to them; small ones sit behind
// the object, in the same allocation. The count is not atomic. Threads: shard-local.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <cstdint>

#include "base/check.h"
#include "base/shared_bytes.h"
#include "bus/message.h"

namespace kith::broker {

class StoredMessage;
using MessageRef = boost::intrusive_ptr<StoredMessage>;

/// For whom a message is, while it waits: a StoredMessage does not say.
class KeptAudience {
  public:
    explicit KeptAudience(const bus::Audience& audience)
        : audience_(audience), groups_(audience.groups.begin(), audience.groups.end()) {}
    [[nodiscard]] bus::Audience view() const {
        bus::Audience audience = audience_;
        audience.groups = groups_;
        return audience;
    }

  private:
    bus::Audience audience_;
    std::vector<std::uint8_t> groups_;
};

class StoredMessage {
  public:
    /// Copies `message`. `id` is 0 for a message that nothing durable waits for.
    [[nodiscard]] static MessageRef create(const bus::Message& message, MessageId id);

    [[nodiscard]] MessageId id() const { return id_; }
    [[nodiscard]] bus::TopicName topic() const;
    [[nodiscard]] Bytes properties() const;
    [[nodiscard]] Bytes payload() const;
    /// The payload as a shared block; empty if it is small.
    [[nodiscard]] const SharedBytes& shared_payload() const { return shared_payload_; }
    [[nodiscard]] Qos qos() const { return static_cast<Qos>(qos_); }
    [[nodiscard]] WallTime published_at() const { return published_at_; }
    [[nodiscard]] WallTime expires_at() const { return expires_at_; }
    [[nodiscard]] bool is_expired(WallTime now) const {
        return expires_at_.ms() != 0 && now >= expires_at_;
    }
    /// What it weighs in a queue, in bytes.
    [[nodiscard]] std::size_t size_bytes() const {
        return sizeof(StoredMessage) + topic_bytes_ + properties_bytes_ + payload_bytes_;
    }
    /// As it was published, borrowed from this object.
    [[nodiscard]] bus::Message view() const;

    /// On disk: durable sessions may be shown it.
    [[nodiscard]] bool is_committed() const { return committed_ != 0; }
    void mark_committed() { committed_ = 1; }

    /// One more session of this shard waits for it; true if it is the first.
    bool add_waiting() { return waiting_count_++ == 0; }
    /// One less; true if it was the last. Requires: add_waiting() before.
    bool remove_waiting() {
        CHECK(waiting_count_ > 0);
        return --waiting_count_ == 0;
    }

  private:
    StoredMessage() = default;
    ~StoredMessage() = default;
    friend void intrusive_ptr_add_ref(StoredMessage* message) { ++message->owner_count_; }
    friend void intrusive_ptr_release(StoredMessage* message);
    [[nodiscard]] const std::uint8_t* tail() const {
        return reinterpret_cast<const std::uint8_t*>(this + 1);
    }

    MessageId id_;
    SessionId publisher_;
    WallTime published_at_;
    WallTime expires_at_;
    SharedBytes shared_payload_;
    TenantId tenant_;
    std::uint32_t owner_count_ = 0;
    std::uint32_t properties_bytes_ = 0;
    std::uint32_t payload_bytes_ = 0;
    std::uint32_t waiting_count_ : 28 = 0;  // sessions: more than a shard can have
    std::uint32_t qos_ : 2 = 0;
    std::uint32_t retain_ : 1 = 0;
    std::uint32_t committed_ : 1 = 0;
    std::uint16_t topic_bytes_ = 0;
    std::uint16_t trace_ = 0;
};
static_assert(sizeof(StoredMessage) == 64);

}  // namespace kith::broker

// What the message store keeps, as plain records.
//
// Views in records are borrowed: for the call that passes them, or for the visit that shows them.
// Every record is independent of the number of shards. Times are wall-clock milliseconds, 0 is
// none. On-disk form: docs/formats/messages-db.md.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/qos.h"
#include "base/time.h"

namespace kith::storage {

/// A durable session: one whose expiry interval is not 0.
struct SessionRecord {
    SessionId id;
    TenantId tenant;
    std::string_view client_id;
    std::string_view principal;                   // who may resume it
    std::uint32_t session_expiry_interval_s = 0;  // 0xFFFFFFFF never
    std::uint8_t protocol_version = 0;            // as in CONNECT: 3, 4, 5
    WallTime disconnected_at;                     // 0 while connected
    Bytes will;                                   // opaque to the store; empty without a will
};

struct SubscriptionRecord {
    SessionId session;
    std::string_view filter;                    // as the client wrote it, $share included
    std::uint8_t options = 0;                   // the subscription options byte of MQTT 5
    std::uint32_t subscription_identifier = 0;  // 0 is none
};

/// A message that at least one durable session waits for. Stored once.
struct MessageRecord {
    MessageId id;
    TenantId tenant;
    std::string_view topic;
    Bytes payload;
    Bytes properties;           // MQTT 5 encoded, as they travel
    Qos qos = Qos::AtMostOnce;  // as published
    WallTime published_at;
    WallTime expires_at;
};

/// Where one delivery stands.
enum class DeliveryState : std::uint8_t {
    Queued = 0,  // not sent, or sent with QoS 1 and not acknowledged
    Sent = 1,    // QoS 2: sent under its packet id, no PUBREC yet
    Released =
        2,  // QoS 2: PUBREC seen, PUBREL due or sent; the message itself is not needed any more
};

/// Names one delivery. `sequence` is the place in the session's queue, given once and never used
/// again for another message of that session.
struct DeliveryKey {
    SessionId session;
    std::uint64_t sequence = 0;
    MessageId message;
};

/// One session's share in one message.
struct DeliveryRecord {
    SessionId session;
    std::uint64_t sequence = 0;
    MessageId message;
    Qos qos = Qos::AtMostOnce;  // granted: the lower of published and subscribed
    bool retain = false;        // the RETAIN flag to send
    DeliveryState state = DeliveryState::Queued;
    std::uint32_t size_bytes = 0;    // what the message weighs in a queue
    WallTime expires_at;             // of the message
    Bytes subscription_identifiers;  // MQTT variable byte integers, one after another

    [[nodiscard]] DeliveryKey key() const { return {session, sequence, message}; }
};

/// What waits for one session, in all.
struct QueueRecord {
    SessionId session;
    std::uint64_t first_sequence = 0;  // of what is not Released
    std::uint64_t last_sequence = 0;   // of all
    std::uint64_t message_count = 0;   // not Released
    std::uint64_t size_bytes = 0;      // of those
    WallTime first_expires_at;         // of those; 0 if none expires
};

/// The retained message of a topic. An empty payload never gets here: it deletes.
struct RetainedRecord {
    TenantId tenant;
    std::string_view topic;
    Bytes payload;
    Bytes properties;
    Qos qos = Qos::AtMostOnce;
    WallTime published_at;
    WallTime expires_at;
};

/// What a part of the node remembers together with messages: written in their batch, it is there
/// exactly when they were. Both are opaque to the store; whoever writes a key begins it with a
/// prefix of his own, and bounds how many there are.
struct MarkRecord {
    Bytes key;    // 1 to kMarkKeyBytesMax bytes
    Bytes value;  // up to kMarkValueBytesMax bytes
};

}  // namespace kith::storage

// Where the broker and the mesh meet: messages that leave this node, and those that come.
//
// The broker knows which of its clients want what and has the disk; the mesh knows the other nodes.
// Each is a port of the other, wired by node/. A message that must not be lost leaves as a delivery
// of its own, in the transaction that the publisher's acknowledgement waits for; one that comes is
// committed together with a mark that says how far its stream is. Threads: both belong to the first
// shard, but for group_id(), own_id() and is_own_name().
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "bus/message.h"
#include "bus/topic.h"

namespace kith::bus {

/// The largest message, with its topic and properties, that reaches other nodes.
inline constexpr std::uint32_t kMeshMessageBytesMax = 1U << 20U;

/// What clients of this node subscribe to.
struct MeshInterest {
    TenantId tenant = kDefaultTenant;
    std::string_view share_group;  // empty: not shared
    std::string_view filter;
};

/// What the broker asks of the mesh.
class MeshPort {
  public:
    /// Counted: as many unsubscribe() as subscribe() of the same.
    virtual void subscribe(const MeshInterest& interest) = 0;
    virtual void unsubscribe(const MeshInterest& interest) = 0;
    /// `done(is_complete)` later, never from inside: all nodes that can be reached know of every
    /// subscribe() before, or there was no more time to wait.
    virtual void barrier(std::function<void(bool)> done) = 0;

    /// What became of a message for others.
    struct Sent {
        bool has_receivers = false;
        /// Not 0: it must be stored with `note`; MeshPort::on_stored(ticket) follows, and
        /// BrokerPort::settle(ticket) ends it.
        std::uint64_t ticket = 0;
        Bytes note;  // valid until the next call
    };
    /// `expires_after_ms` is 0 for a message that does not expire.
    [[nodiscard]] virtual Sent send(const Message& message, std::uint32_t expires_after_ms) = 0;
    virtual void on_stored(std::uint64_t ticket) = 0;
    /// Other nodes do not take messages as fast as they are sent, and more than a little waits:
    /// publishers should wait, too. BrokerPort::settle() is when this may have ended.
    [[nodiscard]] virtual bool is_congested() const = 0;

    /// Before anything else: what was stored in the life before, and not settled. The content of
    /// one that the disk has lost is empty, and has_content false.
    struct Kept {
        std::uint64_t ticket = 0;
        Bytes note;
        bool has_content = true;
        Message message;
        std::uint32_t expires_after_ms = 0;
    };
    virtual void restore(const Kept& kept) = 0;
    /// What BrokerPort::fetch() asked for. Only ticket, content and has_content mean something.
    virtual void on_fetched(const Kept& kept) = 0;
    virtual void restore_mark(Bytes key, Bytes value) = 0;
    /// Behind all restore_mark(): a retained message that is kept, perhaps from before there was a
    /// mesh.
    virtual void adopt_retained(const Message& message, std::uint32_t expires_after_ms) = 0;

    /// The id of this node. Any thread.
    [[nodiscard]] virtual std::string_view own_id() const = 0;
    /// Whether `$to/node/<name>/` is the inbox of this node: its id, or its name. Any thread.
    [[nodiscard]] virtual bool is_own_name(std::string_view name) const = 0;
    /// Names a share group in Audience::groups. Any thread.
    [[nodiscard]] virtual std::uint64_t group_id(const MeshInterest& group) const = 0;

  protected:
    ~MeshPort() = default;
};

/// A mark, as it is stored in one transaction with the message that it belongs to.
struct MeshMark {
    Bytes key;
    Bytes value;
};

/// What the mesh asks of the broker.
class BrokerPort {
  public:
    /// Other nodes want, or want no more, what matches this filter; counted.
    virtual void want(TenantId tenant, std::string_view filter) = 0;
    virtual void unwant(TenantId tenant, std::string_view filter) = 0;

    /// Hands a message of another node to the clients here that its audience names. `done`, for QoS
    /// 1 and 2, is called once they cannot lose it, perhaps from inside. Messages with a mark are
    /// committed in the order of these calls. A message that no client may have published is
    /// dropped and counted.
    virtual void deliver(const Message& message, std::uint32_t expires_after_ms,
                         const MeshMark& mark, std::function<void()> done) = 0;
    /// Keeps a retained message that this node has missed, or deletes the one whose topic has this
    /// hash, and tells nobody. Returns the topic of what was deleted.
    virtual void put_retained(const Message& message, std::uint32_t expires_after_ms) = 0;
    virtual std::string delete_retained(std::uint64_t topic_hash) = 0;
    /// Borrowed until the next call. Nothing if there is none, or it has expired.
    struct Retained {
        Message message;
        std::uint32_t expires_after_ms = 0;
    };
    [[nodiscard]] virtual std::optional<Retained> find_retained(std::uint64_t topic_hash) = 0;
    /// Somebody here would get a message of this topic.
    [[nodiscard]] virtual bool has_subscribers(std::string_view topic) = 0;
    /// Tells subscribers what has become of a topic that they missed: an empty payload, that it was
    /// deleted. Keeps nothing.
    virtual void announce_retained(const Message& message) = 0;

    /// Stores a mark by itself, in one transaction with what was called before in the same turn.
    /// `done`, if there is one, is called once that is on disk.
    virtual void put_mark(const MeshMark& mark, std::function<void()> done = nullptr) = 0;
    /// A mark is not needed any more.
    virtual void forget_mark(Bytes key) = 0;

    /// Stores a message of another node in its stead; MeshPort::on_stored() follows.
    virtual void store(std::uint64_t ticket, const Message& message, std::uint32_t expires_after_ms,
                       Bytes note) = 0;
    /// Wants the content of a message that is stored: MeshPort::on_fetched(), not from inside.
    virtual void fetch(std::uint64_t ticket) = 0;
    /// A stored message, or one that was to be stored, is not needed any more.
    virtual void settle(std::uint64_t ticket) = 0;

  protected:
    ~BrokerPort() = default;
};

}  // namespace kith::bus

// The seam between peers: broker, mesh, rules, machines and telematics meet here and nowhere else.
//
// A part of the node publishes and subscribes as a client would, without a socket. Each shard has a
// Bus of its own; a subscription on one shard gets the messages of all. Threads: shard-local.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "bus/message.h"

namespace kith::bus {

class Subscriber {
  public:
    /// Called in the turn in which the message is routed. Must not subscribe or publish from
    /// inside; defer that.
    virtual void on_message(const Message& message) = 0;

  protected:
    ~Subscriber() = default;
};

/// A standing subscription; destroying it ends it.
class Subscription {
  public:
    virtual ~Subscription() = default;
};

/// What became of a publish.
struct PublishOutcome {
    bool is_refused = false;  // a limit of the retained store; nobody got it
    bool is_durable = false;  // on disk: a durable session or the retained store keeps it
    /// Sessions and subscribers on the shard that routed it, and other shards that have some.
    std::uint32_t receiver_count = 0;
};

class Bus {
  public:
    virtual ~Bus() = default;

    /// Routes `message`. `done`, if given, is called once: when everything durable that wants the
    /// message has it on disk, or at once if nothing durable does.
    virtual void publish(const Message& message,
                         std::function<void(const PublishOutcome&)> done) = 0;

    /// `subscriber` must outlive the returned object.
    [[nodiscard]] virtual std::unique_ptr<Subscription> subscribe(TenantId tenant,
                                                                  TopicFilter filter,
                                                                  Subscriber& subscriber) = 0;
};

}  // namespace kith::bus

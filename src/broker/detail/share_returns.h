// Messages that a shared group gave to a session and that go on to another member.
//
// When a member's client goes away, what it was not sent yet is offered to members that are there;
// when its session ends, what it has not acknowledged with QoS 1 is, too. A message of QoS 2 that
// was sent once goes to nobody else [MQTT-4.8.2-4], [MQTT-4.8.2-5]. For a durable session the new
// delivery and the end of the old one are one transaction. A message that no other member takes
// stays where it is, until a member of the group connects.
// Limits: kReturnsUnderWayMax messages of a session at a time. Threads: shard-local.
#pragma once

#include "broker/detail/committer.h"
#include "broker/detail/outbound_queue.h"
#include "broker/detail/shard_context.h"

namespace kith::broker {

class Session;

class ShareReturns {
  public:
    explicit ShareReturns(ShardContext& context) : context_(context) {}

    /// The client of `session` is not there: offers what it was not sent.
    void return_unsent(Session& session);
    /// `session` ends: offers all that may go to others. Its queue is left as it is.
    void return_all(Session& session);

    /// Somebody has taken the message, and that is on disk.
    void on_moved(const Committer::Move& move);
    /// Nobody has.
    void on_refused(const Committer::Move& move, const bus::Message& message);

  private:
    void offer(const Committer::Move& move, const bus::Message& message);
    /// The item that `move` is about, if it still is.
    [[nodiscard]] OutboundItem* find(const Committer::Move& move);

    ShardContext& context_;
};

}  // namespace kith::broker

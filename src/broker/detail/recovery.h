// Puts what the store holds back into the shards' tables, before the shards run.
//
// Sessions go to the shard that their client id hashes to now, retained messages to the owner of
// their topic: nothing on disk depends on the number of shards. Messages that wait stay where they
// are: a session learns how many there are, and reads them when it needs them. What is on disk was
// valid once, but a disk may err: records that cannot be used are left out, counted and logged.
// Threads: the thread that starts the node.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include "broker/detail/shard_broker.h"
#include "storage/journal.h"

namespace kith::broker {

struct RecoveryCounts {
    std::size_t sessions = 0;
    std::size_t subscriptions = 0;
    std::size_t queued = 0;    // messages that wait, one for each session
    std::size_t released = 0;  // QoS 2, whose PUBCOMP is due
    std::size_t retained = 0;
    std::size_t unusable = 0;  // without their session or message, or not valid; left out
};

class Recovery final : public storage::RecoveryVisitor {
  public:
    Recovery(NodeShared& node, WallTime now) : node_(node), now_(now) {}

    void on_session(const storage::SessionRecord& session) override;
    void on_subscription(const storage::SubscriptionRecord& subscription) override;
    void on_queue(const storage::QueueRecord& queue) override;
    void on_delivery(const storage::DeliveryRecord& delivery) override;
    void on_inbound(SessionId session, PacketId packet_id) override;
    void on_retained(const storage::RetainedRecord& retained) override;
    void on_mark(const storage::MarkRecord& mark) override;

    [[nodiscard]] const RecoveryCounts& counts() const { return counts_; }

  private:
    struct Home {
        ShardBroker* shard = nullptr;
        Session* session = nullptr;
    };
    [[nodiscard]] FarSide& far_side();
    void on_seen(const storage::MarkRecord& mark);
    [[nodiscard]] Home* home(SessionId id);

    NodeShared& node_;
    WallTime now_;
    boost::unordered_flat_map<SessionId, Home> homes_;
    RecoveryCounts counts_;
};

}  // namespace kith::broker

// A base for who reads what Journal::read_queue() has found: messages, each with its delivery.
#pragma once

#include "storage/write_batch.h"

namespace kith::broker {

/// There is nothing else in QueuePart::found.
class QueuePartReader : public storage::BatchVisitor {
  public:
    void put_session(const storage::SessionRecord&) final {}
    void delete_session(SessionId) final {}
    void put_subscription(const storage::SubscriptionRecord&) final {}
    void delete_subscription(SessionId, std::string_view) final {}
    void set_delivery(const storage::DeliveryKey&, storage::DeliveryState) final {}
    void delete_delivery(const storage::DeliveryKey&) final {}
    void put_inbound(SessionId, PacketId) final {}
    void delete_inbound(SessionId, PacketId) final {}
    void put_retained(const storage::RetainedRecord&) final {}
    void delete_retained(TenantId, std::string_view) final {}
    void put_mark(const storage::MarkRecord&) override {}
    void delete_mark(Bytes) override {}
};

}  // namespace kith::broker

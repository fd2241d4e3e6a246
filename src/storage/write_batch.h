// Changes to the message store, in order, as one run of bytes that a shard fills and a writer
// applies.
//
// A batch is all or nothing: it is applied within one transaction, and the result does not depend
// on which batches share one. Appending copies; nothing borrowed survives the call. A change of
// something that does not exist does nothing. Rows of a session may come before the session and
// may outlast it; recovery shows and keeps only those of sessions that exist.
// Threads: shard-local; moved to the writer as a whole. Limits: a cleared batch keeps up to
// kBatchKeptBytesMax of memory, so that steady traffic does not allocate.
#pragma once

#include <cstdint>
#include <vector>

#include "storage/records.h"

namespace kith::storage {

/// What a batch says, one call for each change, in order.
class BatchVisitor {
  public:
    virtual ~BatchVisitor() = default;
    virtual void put_session(const SessionRecord& session) = 0;
    virtual void delete_session(SessionId session) = 0;
    virtual void put_subscription(const SubscriptionRecord& subscription) = 0;
    virtual void delete_subscription(SessionId session, std::string_view filter) = 0;
    virtual void put_message(const MessageRecord& message) = 0;
    virtual void put_delivery(const DeliveryRecord& delivery) = 0;
    virtual void set_delivery(const DeliveryKey& delivery, DeliveryState state) = 0;
    virtual void delete_delivery(const DeliveryKey& delivery) = 0;
    virtual void put_inbound(SessionId session, PacketId packet_id) = 0;
    virtual void delete_inbound(SessionId session, PacketId packet_id) = 0;
    virtual void put_retained(const RetainedRecord& retained) = 0;
    virtual void delete_retained(TenantId tenant, std::string_view topic) = 0;
    virtual void put_mark(const MarkRecord& mark) = 0;
    virtual void delete_mark(Bytes key) = 0;
};

class WriteBatch final : public BatchVisitor {
  public:
    /// Replaces the record of the same id.
    void put_session(const SessionRecord& session) override;
    /// With its subscriptions, deliveries and inbound ids.
    void delete_session(SessionId session) override;
    /// Replaces the subscription of the same session and filter.
    void put_subscription(const SubscriptionRecord& subscription) override;
    void delete_subscription(SessionId session, std::string_view filter) override;
    /// Requires: an id that was never put before. Deliveries of this message follow in the same
    /// batch. The store drops a message when its last delivery is deleted (or Released), and at the
    /// end of the batch one that never had any.
    void put_message(const MessageRecord& message) override;
    /// Replaces the delivery of the same key. One that is not Released needs its message: if the
    /// store does not have it (any more), the delivery is not put.
    void put_delivery(const DeliveryRecord& delivery) override;
    /// A Released delivery stays Released.
    void set_delivery(const DeliveryKey& delivery, DeliveryState state) override;
    void delete_delivery(const DeliveryKey& delivery) override;
    /// A QoS 2 packet id that a publisher used and has not released.
    void put_inbound(SessionId session, PacketId packet_id) override;
    void delete_inbound(SessionId session, PacketId packet_id) override;
    void put_retained(const RetainedRecord& retained) override;
    void delete_retained(TenantId tenant, std::string_view topic) override;
    /// Replaces the mark of the same key. Requires: sizes within the limits of MarkRecord.
    void put_mark(const MarkRecord& mark) override;
    /// Requires: a key as put_mark() takes it.
    void delete_mark(Bytes key) override;

    /// Replays the batch. Views in the records point into the batch and live until it changes.
    void visit(BatchVisitor& visitor) const;

    [[nodiscard]] bool empty() const { return change_count_ == 0; }
    [[nodiscard]] std::size_t change_count() const { return change_count_; }
    [[nodiscard]] std::size_t size_bytes() const { return encoded_.size(); }
    /// Memory that the batch holds, filled or not.
    [[nodiscard]] std::size_t kept_bytes() const { return encoded_.capacity(); }
    void clear();

  private:
    std::vector<std::uint8_t> encoded_;
    std::size_t change_count_ = 0;
};

}  // namespace kith::storage

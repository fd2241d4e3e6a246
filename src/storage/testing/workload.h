// Random changes as a broker makes them, for tests that compare stores or cut their power.
//
// Few sessions, topics, packet ids and marks, so that changes meet; message ids grow, a little out
// of order as from several shards, and are never put twice. Deliveries are mostly, not always, of
// messages that exist. Everything follows from the seed.
#pragma once

#include <vector>

#include "base/random.h"
#include "storage/write_batch.h"

namespace kith::storage::testing {

class Workload {
  public:
    explicit Workload(std::uint64_t seed) : random_(seed) {}

    /// Adds 1 to `change_count_max` changes of all kinds.
    void fill(WriteBatch& batch, std::size_t change_count_max);

  private:
    void change(WriteBatch& batch);
    void change_session(WriteBatch& batch);
    void change_subscription(WriteBatch& batch);
    void publish(WriteBatch& batch);
    void change_delivery(WriteBatch& batch);
    void change_inbound(WriteBatch& batch);
    void change_retained(WriteBatch& batch);
    void change_mark(WriteBatch& batch);

    [[nodiscard]] SessionId session();
    [[nodiscard]] MessageId new_message();
    [[nodiscard]] MessageId recent_message();
    [[nodiscard]] PacketId packet_id();
    [[nodiscard]] DeliveryRecord delivery(SessionId session, MessageId message);
    /// Valid until the next call.
    [[nodiscard]] std::string_view topic();
    [[nodiscard]] Bytes bytes(std::vector<std::uint8_t>& memory, std::size_t size_max);

    Random random_;
    std::uint64_t next_message_ = 1;
    std::vector<MessageId> unused_;  // ids below next_message_ that were skipped so far
    std::vector<MessageId> recent_;
    std::string topic_;
    std::vector<std::uint8_t> payload_;
    std::vector<std::uint8_t> properties_;
};

}  // namespace kith::storage::testing

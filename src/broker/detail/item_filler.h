// Puts the messages of one read of a queue among the items of a session that moves, or has moved.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "broker/detail/delivery_row.h"
#include "broker/detail/move_message.h"
#include "broker/detail/queue_part_reader.h"

namespace kith::broker {

class ItemFiller final : public QueuePartReader {
  public:
    ItemFiller(MoveItems& items, WallTime now) : items_(items), now_(now) {}

    void put_message(const storage::MessageRecord& message) override {
        const std::int64_t left_ms = (message.expires_at - now_).count();
        moved_.qos = message.qos;
        moved_.published_at = message.published_at;
        moved_.left_ms = message.expires_at == WallTime()
                             ? 0
                             : static_cast<std::uint64_t>(std::max<std::int64_t>(left_ms, 1));
        moved_.topic = message.topic;
        moved_.properties = message.properties;
        moved_.payload = message.payload;
    }
    void put_delivery(const storage::DeliveryRecord& delivery) override {
        moved_.sequence = delivery.sequence;
        moved_.granted = delivery.qos;
        moved_.retain = delivery.retain;
        moved_.source = decode_source(delivery.subscription_identifiers);
        moved_.identifiers = delivery.subscription_identifiers;
        items_.put(moved_);
        rows.emplace_back(delivery.key(), delivery.size_bytes);
    }

    std::vector<std::pair<storage::DeliveryKey, std::uint32_t>> rows;  // of all, with their sizes

  private:
    MoveItems& items_;
    WallTime now_;
    MovedMessage moved_;
};

}  // namespace kith::broker

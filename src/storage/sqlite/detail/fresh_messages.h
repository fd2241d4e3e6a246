// Messages of the group that is being applied, with their deliveries, before they are written.
//
// Most messages are delivered and acknowledged while an earlier commit still runs, so that their
// put and their delete meet in one group. What meets here never reaches SQLite. Only messages put
// in this group are held: nothing about them is on disk, so what is left at the end of the group is
// all there is to write. Changes of every other row go to SQLite in their order; no row is in both
// places, so that the order between the two does not matter.
// Views point into the batches, which outlive the group. Threads: that of the store.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "storage/records.h"

namespace kith::storage::detail {

struct FreshMessage {
    MessageRecord record;
    std::uint32_t live_count = 0;  // deliveries that are not Released
    std::uint32_t batch_index = 0;
    bool had_delivery = false;
};

struct FreshDelivery {
    DeliveryRecord record;
    std::uint32_t next_of_session = 0;  // index + 1; 0 ends the chain
    bool deleted = false;
};

class FreshMessages {
  public:
    /// Forgets everything; keeps memory for kFreshKeptMax messages, less than 1 MiB.
    void clear();
    /// A message without deliveries may still get one in its own batch, but not in a later one.
    void begin_batch() { ++batch_index_; }

    void put_message(const MessageRecord& message);
    /// Whether changes of deliveries of this message belong here.
    [[nodiscard]] bool holds(MessageId message) const { return messages_at_.contains(message); }
    /// Requires of all three: holds(message).
    void put_delivery(const DeliveryRecord& delivery);
    void set_delivery(const DeliveryKey& key, DeliveryState state);
    void delete_delivery(const DeliveryKey& key);
    /// Deletes the deliveries to this session.
    void delete_session(SessionId session);

    /// What there is to write: messages with a live_count above 0, deliveries not deleted.
    [[nodiscard]] std::span<const FreshMessage> messages() const { return messages_; }
    [[nodiscard]] std::span<const FreshDelivery> deliveries() const { return deliveries_; }

  private:
    struct Place {
        SessionId session;
        std::uint64_t sequence;
        friend bool operator==(const Place&, const Place&) = default;
        friend std::size_t hash_value(const Place& place) {
            return static_cast<std::size_t>(place.session.value() * 0x9E3779B97F4A7C15U ^
                                            place.sequence);
        }
    };

    void add_delivery(const DeliveryRecord& delivery);
    void remove(FreshDelivery& delivery);
    [[nodiscard]] FreshMessage& message(MessageId id);
    [[nodiscard]] FreshDelivery* find_delivery(const DeliveryKey& key);
    [[nodiscard]] bool exists(const FreshMessage& message) const;

    std::vector<FreshMessage> messages_;
    std::vector<FreshDelivery> deliveries_;
    boost::unordered_flat_map<MessageId, std::uint32_t> messages_at_;
    boost::unordered_flat_map<Place, std::uint32_t> deliveries_at_;
    boost::unordered_flat_map<SessionId, std::uint32_t> last_of_session_;  // index + 1
    std::uint32_t batch_index_ = 0;
};

}  // namespace kith::storage::detail

// The disk of one node: what it holds of others' business, and how far streams were delivered.
//
// Operations gather while a sync is under way; the next sync takes them all, in order. A crash
// leaves what was synced and the beginning of what was not, how much of it by chance. A disk that
// is full completes nothing until there is room again. Epochs of starts are written through, as a
// node does before it says anything.
//
// Threads: one. Limits: what the node stores is bounded by its spool.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "mesh/node.h"
#include "mesh/ports.h"

namespace kith::sim {

/// A message that owns what its Data borrows.
class StoredMessage {
  public:
    explicit StoredMessage(const mesh::Data& data);
    StoredMessage(const StoredMessage&) = delete;
    StoredMessage& operator=(const StoredMessage&) = delete;

    [[nodiscard]] const mesh::Data& data() const { return data_; }
    void set_destinations(const mesh::Destinations& left) { data_.destinations = left; }

  private:
    std::string topic_;
    std::vector<std::uint8_t> properties_;
    std::vector<std::uint8_t> payload_;
    mesh::Data data_;
};

/// A message as the sessions of a node got it.
struct Delivery {
    mesh::DataId id;
    mesh::StreamPosition stream;
    mesh::StreamProgress progress;  // of the stream, with this
    std::uint8_t qos = 0;
    std::uint64_t flow = 0;
    std::uint64_t number = 0;  // of the publish, as its payload says
    bool is_retained = false;  // see RetainedShelf: no subscriber gets it
    bool for_all = true;
    std::vector<std::uint64_t> groups;
};

/// The publish that a payload of the workload belongs to: its first 8 bytes.
[[nodiscard]] std::uint64_t number_of(Bytes payload);

class DiskListener {
  public:
    virtual void on_stored(mesh::CustodyTicket ticket) = 0;
    /// `token` is 0 after a crash: the node that asked is gone, its sessions have it.
    virtual void on_delivery_stored(const Delivery& delivery, std::uint64_t token) = 0;

  protected:
    ~DiskListener() = default;
};

class Disk {
  public:
    enum class Health : std::uint8_t { Good, Slow, Full };

    void store(mesh::CustodyTicket ticket, const mesh::Data& data);
    void settle(mesh::CustodyTicket ticket, const mesh::Destinations& left);
    /// The queues of the sessions and the position of the stream, in one write.
    void store_delivery(Delivery delivery, std::uint64_t token);

    /// How long the sync takes that begins now; nothing if there is none to begin.
    [[nodiscard]] std::optional<Duration> begin_sync(Random& random);
    /// The sync that began is through. Tells of what is on the disk now; with a full disk, nothing
    /// is.
    void finish_sync(DiskListener& listener);
    void crash(Random& random, DiskListener& listener);
    void wipe();
    void set_health(Health health) { health_ = health; }

    using Held = std::map<mesh::CustodyTicket, std::unique_ptr<StoredMessage>>;
    /// What a restart finds.
    [[nodiscard]] const Held& held() const { return held_; }
    [[nodiscard]] const std::map<mesh::StreamPosition, mesh::StreamProgress>& progress() const {
        return progress_;
    }
    [[nodiscard]] std::size_t pending_count() const { return pending_.size(); }

  private:
    struct Operation {
        enum class Kind : std::uint8_t { Store, Settle, Deliver };
        Kind kind = Kind::Store;
        mesh::CustodyTicket ticket;
        std::unique_ptr<StoredMessage> message;  // Store
        mesh::Destinations left;                 // Settle
        Delivery delivery;
        std::uint64_t token = 0;
    };

    void apply(Operation& operation);

    Held held_;
    std::map<mesh::StreamPosition, mesh::StreamProgress> progress_;
    std::deque<Operation> pending_;
    std::size_t syncing_count_ = 0;  // of pending_, which the sync under way takes
    Health health_ = Health::Good;
};

}  // namespace kith::sim

// What the daemon is to a node: its clock, key, disk, links and sessions; the ports of MeshNode.
//
// A host outlives its node: a process dies and another one begins with what the disk has. What the
// ports are told takes effect by events, never by a call back. Requires: the network, the timeline
// and the observer outlive it. Threads: one.
#pragma once

#include <memory>
#include <optional>

#include "base/random.h"
#include "sim/clock.h"
#include "sim/disk.h"
#include "sim/network.h"
#include "sim/observer.h"
#include "sim/participant.h"
#include "sim/retained_shelf.h"
#include "sim/trust.h"

namespace kith::sim {

/// What all hosts of a run share.
struct Surroundings {
    std::uint64_t seed;
    mesh::MeshOptions options;  // id, epoch and role are each host's own
    ParticipantFactory factory;
    Timeline* timeline;
    Network* network;
    WorldObserver* observer;
    mesh::RecordPool* record_pool;
};

struct HostOptions {
    mesh::NodeRole role = mesh::NodeRole::Router;
    Clock::Options clock;
    ParticipantFactory factory;             // instead of that of all
    std::optional<mesh::NodeId> forced_id;  // instead of one of its own: that of another node
};

class Host final : public mesh::LinkPort,
                   public mesh::CustodyPort,
                   public mesh::DeliveryPort,
                   public mesh::MeshEvents,
                   public DiskListener {
  public:
    Host(const Surroundings& surroundings, NodeIndex index, HostOptions options);

    /// A process begins, with what the disk has. Requires: none runs.
    void start();
    /// It ends at once, and what was not synced with it.
    void kill(Death death);
    /// The disk is gone and the key with it: who starts next is somebody else.
    void wipe();
    void freeze(Instant until) { frozen_until_ = until; }
    void jump_wall(std::chrono::milliseconds by);

    /// Calls the node and sees to what it wants afterwards. Requires: it runs.
    template <typename Call>
    void enter(const Call& call) {
        call(*participant_, local_now());
        after_call();
    }
    void on_timer(std::uint32_t generation);
    void on_synced(std::uint32_t life);
    void on_read(std::uint32_t life);

    [[nodiscard]] bool is_running() const { return participant_ != nullptr; }
    [[nodiscard]] bool is_powered() const { return is_powered_; }
    [[nodiscard]] bool is_frozen() const { return frozen_until_ > surroundings_.timeline->now; }
    [[nodiscard]] Instant frozen_until() const { return frozen_until_; }
    [[nodiscard]] mesh::NodeId id() const { return id_; }
    [[nodiscard]] mesh::NodeRole role() const { return options_.role; }
    [[nodiscard]] std::uint32_t life() const { return life_; }
    /// Starts of the same identity: 0 before the first.
    [[nodiscard]] std::uint32_t incarnation() const { return incarnation_; }
    [[nodiscard]] const Participant& participant() const { return *participant_; }
    [[nodiscard]] Disk& disk() { return disk_; }
    [[nodiscard]] const Disk& disk() const { return disk_; }
    [[nodiscard]] RetainedShelf& shelf() { return shelf_; }
    [[nodiscard]] const RetainedShelf& shelf() const { return shelf_; }
    /// It never began a life with a clock that was wrong by more than others put up with.
    [[nodiscard]] bool had_right_time() const { return had_right_time_; }
    [[nodiscard]] const FakeTrust& trust() const { return *trust_; }
    [[nodiscard]] WallTime wall_now() const { return clock_.wall(surroundings_.timeline->now); }
    [[nodiscard]] Instant local_now() const { return clock_.local(surroundings_.timeline->now); }

    // LinkPort
    void send(mesh::LinkId link, Priority priority, Bytes head, const SharedBytes& body) override;
    void close(mesh::LinkId link, mesh::GoodbyeReason reason) override;
    // CustodyPort
    void store(mesh::CustodyTicket ticket, const mesh::Data& data) override;
    void settle(mesh::CustodyTicket ticket, const mesh::Destinations& left) override;
    [[nodiscard]] bool can_fetch() const override { return true; }
    void fetch(mesh::CustodyTicket ticket) override;
    // DeliveryPort
    void deliver(const mesh::Data& data, const mesh::StreamProgress& progress,
                 std::uint64_t token) override;
    void on_published(std::uint64_t token, mesh::PublishLevel level) override;
    void on_barrier(std::uint64_t token, bool is_complete) override;
    // MeshEvents
    void on_neighbor(mesh::NodeId neighbor, mesh::NeighborChange change) override;
    void on_drop(mesh::DropReason reason, const mesh::Data* data) override;
    void on_routes(std::size_t reachable) override;
    // DiskListener
    void on_stored(mesh::CustodyTicket ticket) override;
    void on_delivery_stored(const Delivery& delivery, std::uint64_t token) override;

  private:
    void take_identity();
    void restore();
    void after_call();
    void schedule_timer(Instant at);

    Surroundings surroundings_;
    NodeIndex index_;
    HostOptions options_;
    Clock clock_;
    Random disk_draw_;
    Disk disk_;
    RetainedShelf shelf_;
    bool had_right_time_ = true;
    std::unique_ptr<FakeTrust> trust_;  // whom it has met, which it remembers as its disk does
    std::unique_ptr<Participant> participant_;  // null while no process runs
    mesh::NodeId id_;
    std::uint64_t key_ = 0;
    std::uint32_t identity_count_ = 0;
    std::uint32_t incarnation_ = 0;
    std::uint32_t life_ = 0;
    std::uint32_t last_epoch_ = 0;
    bool is_powered_ = true;
    std::vector<mesh::CustodyTicket> reads_;  // that its disk was asked for
    Instant frozen_until_;
    Instant timer_local_ = Instant::never();  // by its own clock; of the event that is valid
    std::uint32_t timer_generation_ = 0;      // of that event
    std::uint32_t stuck_count_ = 0;
};

}  // namespace kith::sim

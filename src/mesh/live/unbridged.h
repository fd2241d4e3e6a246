// Stands in for sessions and a store while a node carries nothing of its own clients.
//
// STUB until clients are bridged: it takes every message that arrives and gives it to nobody, and
// calls everything stored without storing it. No node subscribes to anything over the mesh as long
// as this is what it has, so that no message is sent to it; the answers are there so that the core
// never waits for one. Threads: shard-local.
#pragma once

#include <cstdint>
#include <vector>

#include "mesh/ports.h"
#include "runtime/shard.h"
#include "runtime/task.h"

namespace kith::mesh {

class MeshHost;

class Unbridged final : public DeliveryPort, public CustodyPort, private runtime::Task {
  public:
    explicit Unbridged(runtime::Shard& shard) : shard_(shard) {}
    /// Whom it answers, in a later step of the turn.
    void attach(MeshHost& host) { host_ = &host; }

    void deliver(const Data& data, const StreamProgress& progress, std::uint64_t token) override;
    void on_published(std::uint64_t, PublishLevel) override {}
    void on_barrier(std::uint64_t, bool) override {}
    void store(CustodyTicket ticket, const Data& data) override;
    void settle(CustodyTicket, const Destinations&) override {}

  private:
    void run_task() override;

    runtime::Shard& shard_;
    MeshHost* host_ = nullptr;
    std::vector<std::uint64_t> delivered_;
    std::vector<CustodyTicket> stored_;
};

}  // namespace kith::mesh

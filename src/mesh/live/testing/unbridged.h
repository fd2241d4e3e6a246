// Test support: stands in for sessions and a store where a test is about links.
//
// It takes every message that arrives and gives it to nobody, and calls everything stored without
// storing it. Not part of the module. Threads: shard-local.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "mesh/live/mesh_host.h"
#include "mesh/ports.h"
#include "runtime/shard.h"
#include "runtime/task.h"

namespace kith::mesh::testing {

class Unbridged final : public DeliveryPort, public CustodyPort, private runtime::Task {
  public:
    explicit Unbridged(runtime::Shard& shard) : shard_(shard) {}
    /// Whom it answers, in a later step of the turn.
    void attach(MeshHost& host) { host_ = &host; }

    void deliver(const Data&, const StreamProgress&, std::uint64_t token) override {
        if (token != 0) {  // QoS 0 has none
            delivered_.push_back(token);
            shard_.defer(*this);
        }
    }
    void on_published(std::uint64_t, PublishLevel) override {}
    void on_barrier(std::uint64_t, bool) override {}
    void store(CustodyTicket ticket, const Data&) override {
        stored_.push_back(ticket);
        shard_.defer(*this);
    }
    void settle(CustodyTicket, const Destinations&) override {}

  private:
    void run_task() override {
        host_->call([this](MeshNode& core, Instant now) {
            for (const std::uint64_t token : std::exchange(delivered_, {})) {
                core.on_delivered(token, now);
            }
            for (const CustodyTicket ticket : std::exchange(stored_, {})) {
                core.on_stored(ticket, now);
            }
        });
    }

    runtime::Shard& shard_;
    MeshHost* host_ = nullptr;
    std::vector<std::uint64_t> delivered_;
    std::vector<CustodyTicket> stored_;
};

}  // namespace kith::mesh::testing

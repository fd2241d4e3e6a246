// The broker, its journal and the events of its shards, as the node wires them.
//
// Threads: those of pillar.h.
#pragma once

#include "broker/broker.h"
#include "node/detail/access_pillar.h"
#include "node/detail/ground.h"
#include "node/detail/pillar.h"
#include "storage/journal.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace kith::node {

struct BrokerPillar final : public Pillar {
    BrokerPillar(Ground& ground, AccessPillar& access) : ground_(ground), access_(access) {}

    /// Has what was promised before back when it returns.
    [[nodiscard]] OrProblem<void> prepare() override;
    [[nodiscard]] OrProblem<void> start() override;
    [[nodiscard]] OrProblem<TakeUp> reload(const Renewal& renewal) override;
    void drain() override;
    void finish() override;

    // The parts, which the pillars behind it are wired to; there after prepare().
    std::vector<std::unique_ptr<EventRelay>> relays;  // one a shard
    std::unique_ptr<broker::Broker> broker;
    std::unique_ptr<storage::Journal> journal;
    std::uint64_t recovery_ms = 0;

  private:
    void make_broker();
    [[nodiscard]] OrProblem<void> recover();
    void disconnect_who_ended();
    [[nodiscard]] bool is_idle();

    Ground& ground_;
    AccessPillar& access_;
};

}  // namespace kith::node

// Backups of a node that runs: those that `kith backup` makes, and those asked for over HTTP.
//
// Threads: those of pillar.h; the service has one of its own.
#pragma once

#include "node/backup_keeper.h"
#include "node/backup_service.h"
#include "node/detail/broker_pillar.h"
#include "node/detail/ground.h"
#include "node/detail/pillar.h"

#include <memory>

namespace kith::node {

struct BackupPillar final : public Pillar {
    BackupPillar(Ground& ground, BrokerPillar& broker) : ground_(ground), broker_(broker) {}

    [[nodiscard]] OrProblem<void> prepare() override;
    [[nodiscard]] OrProblem<void> start() override;
    void drain() override;
    void finish() override;

    std::unique_ptr<BackupKeeper> keeper;  // there after prepare()

  private:
    Ground& ground_;
    BrokerPillar& broker_;
    std::unique_ptr<BackupService> service_;
};

}  // namespace kith::node

// HTTP, as the node wires it: the API, the console's files, and what they show of the node.
//
// Threads: those of pillar.h.
#pragma once

#include "api/server.h"
#include "node/broker_backend.h"
#include "node/detail/access_pillar.h"
#include "node/detail/backup_pillar.h"
#include "node/detail/broker_pillar.h"
#include "node/detail/discovery_pillar.h"
#include "node/detail/ground.h"
#include "node/detail/mesh_pillar.h"
#include "node/detail/pillar.h"
#include "node/loop_probe.h"
#include "node/mesh_office.h"

#include <memory>
#include <vector>

namespace kith::node {

/// What the API is wired to.
struct ApiGround {
    Ground& ground;
    AccessPillar& access;
    BrokerPillar& broker;
    BackupPillar& backups;
    MeshPillar& mesh;
    DiscoveryPillar& discovery;
};

class ApiPillar final : public Pillar {
  public:
    explicit ApiPillar(const ApiGround& on) : on_(on) {}

    [[nodiscard]] OrProblem<void> prepare() override;
    [[nodiscard]] OrProblem<void> start() override;
    [[nodiscard]] OrProblem<TakeUp> reload(const Renewal& renewal) override;
    void drain() override;

    /// All listeners are open: says so.
    void show_ready(const std::vector<api::ListenerFacts>& listeners);

    /// There after prepare().
    [[nodiscard]] api::ApiServer& server() { return *server_; }

  private:
    void make_backend();
    void make_server();
    void hear_events();
    void show_security();
    [[nodiscard]] api::NodeFacts facts(const std::vector<api::ListenerFacts>& listeners) const;

    ApiGround on_;
    std::vector<api::Asset> console_;
    std::vector<std::unique_ptr<LoopProbe>> probes_;  // one a shard
    std::unique_ptr<BrokerBackend> backend_;
    std::unique_ptr<runtime::BlockingPool> mesh_office_pool_;
    std::unique_ptr<MeshOffice> mesh_office_;
    std::unique_ptr<api::ApiServer> server_;
};

}  // namespace kith::node

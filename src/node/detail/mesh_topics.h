// The mesh as topics: `$mesh/nodes/<node>`, `$mesh/links/<neighbour>` and `$mesh/drops`, retained.
//
// What this node knows, as JSON; looked at every few seconds and published when it has changed,
// cleared when it has gone. Other nodes do not get it: each tells its own clients. Round trips are
// told in steps of an eighth, so that noise is no news. Nodes are looked at only when routes were
// computed since, for there may be a thousand. Threads: shard-local (first shard).
// Limits: as many topics as nodes and neighbours.
#pragma once

#include "api/mesh_facts.h"
#include "base/time.h"
#include "bus/bus.h"
#include "node/detail/broker_pillar.h"
#include "node/detail/ground.h"
#include "node/detail/mesh_pillar.h"
#include "node/detail/pillar.h"
#include "runtime/timer.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace kith::node {

inline constexpr Duration kMeshTopicsInterval = std::chrono::seconds(2);

class MeshTopics {
  public:
    explicit MeshTopics(bus::Bus& bus) : bus_(bus) {}

    /// Whether the facts have nodes; those that were told stand if not.
    enum class Has : std::uint8_t { NoNodes, Nodes };
    /// Publishes what has changed. The facts have links.
    void update(const api::MeshFacts& mesh, Has has, WallTime now);

  private:
    void publish(const std::string& topic, const std::string& payload, WallTime now);

    bus::Bus& bus_;
    std::map<std::string, std::string> published_;  // topics that are there
};

class MeshTopicsPillar final : public Pillar {
  public:
    MeshTopicsPillar(Ground& ground, BrokerPillar& broker, MeshPillar& mesh)
        : ground_(ground), broker_(broker), mesh_(mesh) {}

    [[nodiscard]] OrProblem<void> start() override;
    void drain() override;

  private:
    void look();
    [[nodiscard]] MeshTopics::Has what_changed();

    Ground& ground_;
    BrokerPillar& broker_;
    MeshPillar& mesh_;
    std::unique_ptr<MeshTopics> topics_;
    std::uint64_t spf_runs_ = 0;  // when nodes were last looked at
    std::size_t suspect_count_ = 0;
    runtime::CallbackTimer timer_{[this](Instant) { look(); }};
};

}  // namespace kith::node

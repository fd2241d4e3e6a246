// The mesh as topics: `$mesh/nodes/<node>`, `$mesh/links/<neighbour>` and `$mesh/drops`, retained;
// samples of what is dropped, `$mesh/drops/<reason>`, and `$events/mesh`, which are not.
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
#include "node/detail/drop_samples.h"
#include "node/detail/ground.h"
#include "node/detail/mesh_pillar.h"
#include "node/detail/mesh_watch.h"
#include "node/detail/pillar.h"
#include "runtime/timer.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace kith::node {

inline constexpr Duration kMeshTopicsInterval = std::chrono::seconds(2);

class MeshTopics {
  public:
    explicit MeshTopics(bus::Bus& bus) : bus_(bus) {}

    using Has = MeshWatch::Has;
    /// Publishes what has changed. The facts have links.
    void update(const api::MeshFacts& mesh, Has has, WallTime now);
    void tell_drops(const std::vector<DropSample>& samples);

  private:
    enum class Retain : std::uint8_t { No, Yes };
    void publish(const std::string& topic, const std::string& payload, Retain retain, WallTime now);

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
    MeshWatch watch_;
    std::uint64_t spf_runs_ = 0;  // when nodes were last looked at
    std::size_t suspect_count_ = 0;
    runtime::CallbackTimer timer_{[this](Instant) { look(); }};
};

}  // namespace kith::node

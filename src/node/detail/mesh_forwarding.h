// Forwarded connections of this node: those that it makes for others, and those that others make
// for who asks here.
//
// Wires circuits, TLS inside of them, the desk and the caller of mesh/live, and joins what comes
// over HTTP with a circuit. Threads: the first shard; destroyed there, by stop(), or after the
// shards have stopped.
#pragma once

#include "api/mesh_forward.h"
#include "base/log.h"
#include "mesh/live/circuit_stream.h"
#include "mesh/live/forward_caller.h"
#include "mesh/live/forward_desk.h"
#include "mesh/live/forward_relay.h"
#include "mesh/live/link_security.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace kith::node {

class MeshForwarding final : private runtime::Task {
  public:
    /// The names of services are looked up on `names`, which outlives this, as all others do.
    MeshForwarding(runtime::Shard& shard, const Log& log, runtime::BlockingPool& names);
    ~MeshForwarding();

    /// Before anything else. Requires: all are rules; `security` outlives stop().
    void prepare(mesh::LinkSecurity& security, const std::vector<std::string>& rules);
    /// For connections to come.
    void set_rules(const std::vector<std::string>& rules);
    /// Ends what a node has forwarded to here: it does not belong any more.
    void expel(mesh::NodeId node_id);

    /// For the host; attach() follows.
    [[nodiscard]] mesh::CircuitPort& circuits() { return circuits_; }
    void attach(mesh::MeshHost& host);
    /// Ends all connections.
    void stop();

    void open(
        const std::string& to,
        std::function<void(tl::expected<api::MeshForwardTake, api::MeshForwardRefusal>)> done);

    [[nodiscard]] std::size_t open_count() const;
    [[nodiscard]] mesh::ForwardDeskCounters counters() const {
        return desk_ == nullptr ? mesh::ForwardDeskCounters() : desk_->counters();
    }

  private:
    void note(const mesh::ForwardNews& news);
    [[nodiscard]] tl::expected<mesh::NodeId, api::MeshForwardRefusal> find(
        const std::string& name) const;
    void join(std::unique_ptr<runtime::Stream> asker, const std::string& rest,
              mesh::Forwarded circuit);
    void run_task() override { ended_.clear(); }

    runtime::Shard& shard_;
    const Log& log_;
    runtime::BlockingPool& names_;
    mesh::MeshHost* host_ = nullptr;
    mesh::CircuitStreams circuits_;
    std::unique_ptr<mesh::ForwardDesk> desk_;      // null once stopped
    std::unique_ptr<mesh::ForwardCaller> caller_;  // likewise
    std::uint64_t last_relay_ = 0;
    std::map<std::uint64_t, std::unique_ptr<mesh::ForwardRelay>> relays_;
    std::vector<std::unique_ptr<mesh::ForwardRelay>> ended_;  // until the turn is over
};

}  // namespace kith::node

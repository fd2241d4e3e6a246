// Messages for this node: each once, in order, acknowledged when the sessions here have it.
//
// Between a message and its acknowledgement stand the stream (streams.h), which waits for what is
// before it, and whoever it is delivered to, who says when it cannot be lost there any more. Until
// then everybody who sent it waits, and is told so if it takes long; a copy that came over another
// way waits with them. QoS 0 is
// delivered as it comes, unless a later one of its flow was delivered before [MQTT-4.6.0-6].
// Limits: kFlowsMax.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/time.h"
#include "mesh/detail/streams.h"
#include "mesh/options.h"
#include "mesh/ports.h"

namespace kith::mesh {

class ArrivalListener {
  public:
    virtual void deliver(const Data& data, const StreamProgress& progress, std::uint64_t token) = 0;
    virtual void send_custody(NodeId neighbor, CustodyEntry entry) = 0;
    virtual void on_arrival_drop(DropReason reason, const Data& data) = 0;

  protected:
    ~ArrivalListener() = default;
};

class Arrivals {
  public:
    Arrivals(const MeshOptions& options, ArrivalListener& listener);
    ~Arrivals();

    /// `here` is this node's own destination in `data`.
    void take(const Data& data, const Destination& here, NodeId from, Instant now);
    void on_delivered(std::uint64_t token, Instant now);
    void restore(const StreamPosition& stream, const StreamProgress& progress);
    /// Who can be reached, in order of id, and nobody else.
    void set_reachable(std::span<const NodeId> origins, Instant now);
    /// As streams.h has it.
    void set_epoch(NodeId origin, std::uint32_t epoch, Instant now);
    void forget_epoch(NodeId origin);
    void on_timer(Instant now);
    [[nodiscard]] Instant deadline() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kith::mesh

// Circuits as streams: what else works on a stream, as TLS, works on a circuit.
//
// CircuitStreams is the CircuitPort of a core: it opens circuits, and hands out those that come.
// Nothing is called from inside of a call of the core: what there is to say is said later in the
// turn. A stream takes no more from its circuit than its handler takes from it, so that a reader
// that stops stops the sender at the other end. Threads: shard-local. Limits: kCircuitWindowBytes
// of input, kCircuitOutputBytesHigh of output.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "mesh/ports.h"
#include "runtime/shard.h"
#include "runtime/stream.h"
#include "runtime/task.h"

namespace kith::mesh {

class MeshHost;
class CircuitStream;

class CircuitStreams final : public CircuitPort, private runtime::Task {
  public:
    /// Takes a stream from another node, or what calls itself so.
    using Accept = std::function<void(std::unique_ptr<runtime::Stream> stream)>;

    /// The streams are gone before this.
    CircuitStreams(runtime::Shard& shard, Accept accept);
    ~CircuitStreams();
    /// Whose core has the circuits; before anything else.
    void attach(MeshHost& host) { host_ = &host; }

    /// Drops what has come and nobody has taken yet; before the host goes.
    void stop();

    /// on_connected() of its handler follows, or on_closed(). Errors: as MeshNode::open_circuit().
    [[nodiscard]] Result<std::unique_ptr<runtime::Stream>> open(NodeId destination);

  private:
    friend class CircuitStream;

    [[nodiscard]] bool on_circuit(const CircuitId& id) override;
    void on_circuit_open(const CircuitId& id) override;
    void on_circuit_bytes(const CircuitId& id, Bytes bytes) override;
    void on_circuit_room(const CircuitId& id) override;
    void on_circuit_end(const CircuitId& id, CircuitEnd end) override;
    void run_task() override;

    runtime::Shard& shard_;
    Accept accept_;
    MeshHost* host_ = nullptr;
    std::map<CircuitId, CircuitStream*> streams_;
    std::vector<std::unique_ptr<CircuitStream>> arrived_;  // in this turn
};

}  // namespace kith::mesh

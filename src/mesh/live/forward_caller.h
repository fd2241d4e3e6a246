// Connections that this node has another node make for somebody here.
//
// Opens a circuit with TLS inside, sees that the node at its other end is the one that was meant,
// names the service and waits for the verdict. What comes of it carries pieces
// (wire/mesh/forward.h). Threads: shard-local. Limits: kForwardOpenMax, kCircuitsMax.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "mesh/live/circuit_stream.h"
#include "mesh/live/link_security.h"
#include "runtime/shard.h"
#include "runtime/task.h"
#include "wire/mesh/forward.h"

namespace kith::mesh {

/// Why there is no connection.
struct ForwardRefusal {
    enum class Kind : std::uint8_t {
        UnknownNode,
        NoWay,       // to the node
        NotAllowed,  // there
        Service,     // does not answer there
        TooMany,
    };
    Kind kind = Kind::NoWay;
    std::string why;
};

/// Behind its verdict.
struct Forwarded {
    std::unique_ptr<runtime::Stream> pieces;  // paused, without a handler
    std::vector<std::uint8_t> rest;           // pieces that have come already
};

class ForwardCaller final : private runtime::Task {
  public:
    using Answer = std::function<void(tl::expected<Forwarded, ForwardRefusal>)>;

    ForwardCaller(runtime::Shard& shard, CircuitStreams& circuits, LinkSecurity& security);
    ~ForwardCaller();

    /// To a service, HOST:PORT, as this node has it. `answer` is called once, unless this is
    /// destroyed before, in this turn or a later one.
    void call(NodeId to, const std::string& target, Answer answer);

    [[nodiscard]] std::size_t waiting_count() const { return errands_.size(); }

  private:
    class Errand;

    void end(std::uint64_t id);
    void run_task() override;

    runtime::Shard& shard_;
    CircuitStreams& circuits_;
    LinkSecurity& security_;
    std::uint64_t last_errand_ = 0;
    std::map<std::uint64_t, std::unique_ptr<Errand>> errands_;
    std::vector<std::unique_ptr<Errand>> ended_;  // until the turn is over
};

}  // namespace kith::mesh

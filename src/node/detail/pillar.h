// A pillar of the node: one thing that it can do, from the wiring of its parts to their end.
//
// Node takes all of its pillars through these steps, each step for every pillar in the order in
// which they stand in node.cpp, drain() and finish() in the reverse. A pillar may use the ground
// and the pillars before it, and has no step that it does not need.
// Threads: the thread that starts the node, which is none of the shards; what a pillar keeps on a
// shard is used there alone (detail/run_on.h), and goes after the shards have stopped.
#pragma once

#include "node/certificates.h"
#include "node/config.h"
#include "node/problem.h"

#include <functional>

namespace kith::node {

/// What a reload brings, as it was read.
struct Renewal {
    const NodeConfig& config;
    const NodeTls& tls;
};

/// Puts what a pillar has read to use; cannot fail.
using TakeUp = std::function<void()>;

class Pillar {
  public:
    Pillar() = default;
    Pillar(const Pillar&) = delete;
    Pillar& operator=(const Pillar&) = delete;
    virtual ~Pillar() = default;

    /// Makes and wires the parts. The shards are there, and do not run yet.
    [[nodiscard]] virtual OrProblem<void> prepare() { return {}; }
    /// The shards run.
    [[nodiscard]] virtual OrProblem<void> start() { return {}; }
    /// Reads what can change while the node runs, and changes nothing yet: it is taken up once
    /// every pillar could read its own.
    [[nodiscard]] virtual OrProblem<TakeUp> reload(const Renewal& /*renewal*/) {
        return TakeUp([] {});
    }
    /// Lets nobody in any more, and what is under way come to its end. The shards run, also if
    /// start() failed or has not been called.
    virtual void drain() {}
    /// The shards have stopped.
    virtual void finish() {}
};

}  // namespace kith::node

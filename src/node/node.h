// A running node: the composition root, the only place that knows everything.
//
// start() opens the data directory, reads the stores, starts the shards and opens the listeners, in
// this order, so that nobody is let in before everything that was promised is back. stop() tells
// clients, lets what is under way finish, commits, and joins every thread.
// Threads: made, reloaded and stopped by one thread, which is none of the shards.
#pragma once

#include "base/log.h"
#include "node/config.h"
#include "node/problem.h"
#include "runtime/address.h"
#include "storage/journal.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace kith::node {

/// What tests put under the stores; empty in every other case.
struct StoreTestOptions {
    std::string vfs;
    bool unsafe_no_sync = false;
    /// Instead of storage::make_writer_journal().
    std::function<std::unique_ptr<storage::Journal>(
        std::unique_ptr<storage::MessageStore> store, std::uint16_t shard_count,
        storage::CommitListener& listener, const Log& log)>
        make_journal;
};

class Node {
  public:
    struct Addresses {
        std::optional<runtime::SocketAddress> mqtt;
        std::optional<runtime::SocketAddress> mqtts;
        std::optional<runtime::SocketAddress> http;
        std::optional<runtime::SocketAddress> mesh;
    };

    [[nodiscard]] static OrProblem<std::unique_ptr<Node>> start(
        const NodeConfig& config, Log& log, const StoreTestOptions& test_options = {});
    ~Node();

    [[nodiscard]] const std::string& name() const;
    [[nodiscard]] const Addresses& addresses() const;
    /// The one-time link by which the first user claims the node; empty once there is one.
    [[nodiscard]] const std::string& claim_link() const;

    /// Takes what of `config` can change while running: log level, certificates.
    [[nodiscard]] OrProblem<void> reload(const NodeConfig& config);
    /// Drains and ends everything, within 5 s.
    void stop();

  private:
    struct Impl;
    explicit Node(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace kith::node

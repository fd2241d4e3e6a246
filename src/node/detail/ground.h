// What every pillar of a node stands on: configuration, data directory, stores, shards, threads.
//
// Nothing here knows what a node is for. Threads: made, opened and ended by the thread that starts
// the node; `events` belongs to the first shard once the shards run.
#pragma once

#include "base/log.h"
#include "crypto/secrets.h"
#include "node/certificates.h"
#include "node/config.h"
#include "node/detail/run_on.h"
#include "node/event_log.h"
#include "node/node.h"
#include "node/node_directory.h"
#include "node/problem.h"
#include "runtime/blocking_pool.h"
#include "runtime/shard_group.h"
#include "storage/control_store.h"
#include "storage/journal.h"

#include <memory>
#include <string>

namespace kith::node {

struct Ground {
    Ground(NodeConfig config_in, Log& log_in, NodeDirectory data_in, StoreTestOptions test_in);

    /// Reads the certificates, opens the stores and makes the shards, which do not run yet.
    [[nodiscard]] OrProblem<void> open();

    [[nodiscard]] runtime::Shard& shard(std::uint16_t i) { return shards->shard(ShardId(i)); }
    /// Where everything is that is there once.
    [[nodiscard]] runtime::Shard& home() { return shard(0); }
    /// Runs `action(shard, index)` on one shard after the other. Requires: the shards run.
    template <typename F>
    void on_each_shard(F action) {
        for (std::uint16_t i = 0; i < shards->size(); ++i) {
            run_on(shard(i), [&action, i](runtime::Shard& here) {
                action(here, i);
                return true;
            });
        }
    }
    /// Runs `action()` on the first shard. Requires: the shards run.
    template <typename F>
    void at_home(F action) {
        run_on(home(), [&action](runtime::Shard&) {
            action();
            return true;
        });
    }

    // In the order of their making; destroyed in the reverse.
    NodeConfig config;
    Log& log;
    NodeDirectory data;
    StoreTestOptions test_options;
    std::string host;  // the host's name
    std::string name;  // the node's
    NodeTls tls;
    crypto::SystemSecrets secrets;
    std::unique_ptr<storage::ControlStore> control;
    std::unique_ptr<storage::MessageStore> messages;  // null once the broker's journal has it
    std::unique_ptr<runtime::ShardGroup> shards;
    std::unique_ptr<runtime::BlockingPool> store_pool;
    std::unique_ptr<runtime::BlockingPool> hash_pool;         // of the console's sign-in
    std::unique_ptr<runtime::BlockingPool> client_hash_pool;  // of MQTT clients
    EventLog events;

  private:
    [[nodiscard]] OrProblem<void> open_stores();
    [[nodiscard]] OrProblem<void> make_shards();
};

}  // namespace kith::node

#include "node/detail/ground.h"

#include "node/process_facts.h"
#include "storage/sqlite/sqlite_stores.h"

#include <algorithm>
#include <utility>

namespace kith::node {
namespace {

constexpr std::uint16_t kWorkersDefaultMax = 4;

std::uint16_t worker_count(const NodeConfig& config) {
    if (config.workers != 0) {
        return static_cast<std::uint16_t>(config.workers);
    }
    return static_cast<std::uint16_t>(std::min<unsigned>(core_count(), kWorkersDefaultMax));
}

/// Half the cores for passwords of clients, 32 MiB each while they hash.
std::size_t client_hash_threads() {
    return std::clamp(core_count() / 2, 1U, 4U);
}

}  // namespace

Ground::Ground(NodeConfig config_in, Log& log_in, NodeDirectory data_in, StoreTestOptions test_in)
    : config(std::move(config_in)),
      log(log_in),
      data(std::move(data_in)),
      test_options(std::move(test_in)),
      host(host_name()),
      name(config.name.empty() ? host : config.name) {}

OrProblem<void> Ground::open() {
    auto loaded = load_tls(config, data, host, wall_now());
    if (!loaded) {
        return tl::unexpected(loaded.error());
    }
    tls = std::move(*loaded);
    if (auto opened = open_stores(); !opened) {
        return opened;
    }
    return make_shards();
}

OrProblem<void> Ground::open_stores() {
    auto opened_control =
        storage::open_control_store({.path = data.file("control.db"), .vfs = test_options.vfs});
    if (!opened_control) {
        return problem(explain("cannot open " + data.file("control.db"), opened_control.error()));
    }
    control = std::move(*opened_control);
    auto opened = storage::open_message_store({.path = data.file("messages.db"),
                                               .vfs = test_options.vfs,
                                               .unsafe_no_sync = test_options.unsafe_no_sync});
    if (!opened) {
        return problem(explain("cannot open " + data.file("messages.db"), opened.error()));
    }
    messages = std::move(*opened);
    return {};
}

OrProblem<void> Ground::make_shards() {
    auto made = runtime::make_epoll_shards({.shard_count = worker_count(config)}, log);
    if (!made) {
        return problem(explain("cannot start workers", made.error()));
    }
    shards = std::move(*made);
    store_pool = runtime::make_blocking_pool(1);  // a ControlStore wants one thread
    hash_pool = runtime::make_blocking_pool(1);
    client_hash_pool = runtime::make_blocking_pool(client_hash_threads());
    return {};
}

}  // namespace kith::node

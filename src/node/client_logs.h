// The packets of clients that somebody asked for: the last of each, and a line in the node's log.
//
// Threads: shard-local (the API's shard); its relays live on each shard.
// Limits: api/observation.h; of one turn of a shard, kLoggedPacketsMax are taken home.
#pragma once

#include "api/observation.h"
#include "broker/broker.h"
#include "runtime/shard.h"

#include <memory>
#include <string>
#include <vector>

namespace kith::node {

class ClientLogs {
  public:
    ClientLogs(runtime::Shard& home, broker::Broker& broker) : home_(home), broker_(broker) {}

    /// Begins, or goes on until later. Errors: Limit.
    [[nodiscard]] Status start(const api::Observation::LogOrder& order);
    [[nodiscard]] std::vector<const api::LoggedClient*> list() const;
    [[nodiscard]] const api::LoggedClient* find(const std::string& client) const;
    /// Errors: NotFound.
    [[nodiscard]] Status stop(const std::string& client);

  private:
    class Relay;
    struct Entry {
        api::LoggedClient logged;
        std::vector<std::shared_ptr<Relay>> relays;  // shared_ptr: with the mail that stops them
        std::unique_ptr<runtime::CallbackTimer> timer;
    };

    void start_on_shards(Entry& entry);
    void add(const std::string& client, std::vector<api::LoggedPacket> packets);

    runtime::Shard& home_;
    broker::Broker& broker_;
    std::vector<std::unique_ptr<Entry>> entries_;  // in the order of their beginning
};

}  // namespace kith::node

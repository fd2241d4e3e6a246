// Who listens in on which client, whether it is there or not.
//
// A session has a pointer to its watchers, null for nearly all: that is all the hot path looks at.
// Threads: shard-local.
#pragma once

#include "base/hash.h"
#include "broker/observe.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kith::broker {

class ClientWatches {
  public:
    using Watchers = std::vector<ClientWatcher*>;

    void add(std::string_view client_id, ClientWatcher& watcher) {
        std::unique_ptr<Watchers>& watchers = clients_[std::string(client_id)];
        if (watchers == nullptr) {
            watchers = std::make_unique<Watchers>();
        }
        watchers->push_back(&watcher);
    }
    void remove(std::string_view client_id, ClientWatcher& watcher) {
        const auto found = clients_.find(client_id);
        if (found == clients_.end()) {
            return;
        }
        std::erase(*found->second, &watcher);
        if (found->second->empty()) {
            clients_.erase(found);
        }
    }
    /// Null if nobody watches. The address is stable until the last watcher goes.
    [[nodiscard]] const Watchers* find(std::string_view client_id) const {
        const auto found = clients_.find(client_id);
        return found == clients_.end() ? nullptr : found->second.get();
    }

  private:
    boost::unordered_flat_map<std::string, std::unique_ptr<Watchers>, TextHash, std::equal_to<>>
        clients_;
};

}  // namespace kith::broker

// Whose packets are logged, and where to. Threads: shard-local.
#pragma once

#include "base/hash.h"
#include "broker/packet_log.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <string>
#include <string_view>

namespace kith::broker {

class PacketLog {
  public:
    /// Replaces the sink that the client had. True if it had none.
    bool add(std::string_view client_id, PacketLogSink& sink) {
        return clients_.insert_or_assign(std::string(client_id), &sink).second;
    }
    /// False if it had none.
    bool remove(std::string_view client_id) { return clients_.erase(client_id) > 0; }
    void show(std::string_view client_id, const PacketNote& note) const {
        if (const auto found = clients_.find(client_id); found != clients_.end()) {
            found->second->on_packet(found->first, note);
        }
    }
    [[nodiscard]] bool has(std::string_view client_id) const {
        return clients_.contains(client_id);
    }

  private:
    boost::unordered_flat_map<std::string, PacketLogSink*, TextHash, std::equal_to<>> clients_;
};

}  // namespace kith::broker

#include "mesh/live/unbridged.h"

#include <utility>

#include "mesh/live/mesh_host.h"

namespace kith::mesh {

void Unbridged::deliver(const Data&, const StreamProgress&, std::uint64_t token) {
    if (token != 0) {  // QoS 0 has none
        delivered_.push_back(token);
        shard_.defer(*this);
    }
}

void Unbridged::store(CustodyTicket ticket, const Data&) {
    stored_.push_back(ticket);
    shard_.defer(*this);
}

void Unbridged::run_task() {
    if (host_ == nullptr) {
        return;
    }
    host_->call([this](MeshNode& core, Instant now) {
        for (const std::uint64_t token : std::exchange(delivered_, {})) {
            core.on_delivered(token, now);
        }
        for (const CustodyTicket ticket : std::exchange(stored_, {})) {
            core.on_stored(ticket, now);
        }
    });
}

}  // namespace kith::mesh

#include "mesh/live/session_directory.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "mesh/live/bridge.h"
#include "mesh/live/mesh_host.h"

namespace kith::mesh {
namespace {

constexpr std::string_view kService = "session";
constexpr std::size_t kValueBytes = 8;

/// Nothing if it is not valid: another node has written it.
std::optional<bus::SessionOwner> owner_in(const Stamp& stamp, Bytes value) {
    if (value.size() != kValueBytes) {
        return std::nullopt;
    }
    return bus::SessionOwner{.node = bus::PeerId(stamp.writer.value()),
                             .epoch = ByteReader(value).u64()};
}

StateName name_of(TenantId tenant, std::string_view client_id) {
    return {.tenant = tenant.value(), .text = client_id};
}

}  // namespace

SessionDirectory::SessionDirectory(runtime::Shard& shard, Bridge& bridge,
                                   bus::SessionListener& listener)
    : shard_(shard), bridge_(bridge), listener_(listener) {
    bridge_.listen(kService, *this);
    bridge_.when_state_changes([this](const State& state) { on_state(state); });
}

bus::PeerId SessionDirectory::self() const {
    return bus::PeerId(host_->id().value());
}

std::optional<bus::SessionOwner> SessionDirectory::owner_of(TenantId tenant,
                                                            std::string_view client_id) {
    const std::optional<StateValue> found =
        host_->node().find_state(StateKind::Session, name_of(tenant, client_id));
    return found ? owner_in(found->stamp, found->bytes) : std::nullopt;
}

void SessionDirectory::put_owner(TenantId tenant, std::string_view client_id, std::uint64_t epoch) {
    const bus::SessionOwner own{.node = self(), .epoch = epoch};
    const std::optional<bus::SessionOwner> known = owner_of(tenant, client_id);
    if (known && known->node != own.node && own < *known) {
        // Somebody began later: whoever asks is told, and stops.
        changes_.push_back({tenant, std::string(client_id), *known});
        shard_.defer(*this);
        return;
    }
    if (known && *known == own) {
        return;
    }
    std::array<std::uint8_t, kValueBytes> value{};
    ByteWriter(value).u64(epoch);
    host_->call([&](MeshNode& core, Instant now) {
        // Beyond its limit the session is found on this node alone, which the core counts.
        (void)core.put_state(StateKind::Session, name_of(tenant, client_id), Bytes(value), now);
    });
}

void SessionDirectory::forget_owner(TenantId tenant, std::string_view client_id,
                                    std::uint64_t epoch) {
    if (owner_of(tenant, client_id) != bus::SessionOwner{.node = self(), .epoch = epoch}) {
        return;
    }
    host_->call([&](MeshNode& core, Instant now) {
        (void)core.put_state(StateKind::Session, name_of(tenant, client_id), std::nullopt, now);
    });
}

bool SessionDirectory::tell(bus::PeerId to, Bytes message) {
    return bridge_.send_to(NodeId(to.value()),
                           {.topic = kService, .payload = message, .qos = Qos::AtMostOnce}) ==
           SendOutcome::Sent;
}

void SessionDirectory::tell_behind(bus::PeerId to, Bytes message) {
    (void)bridge_.send_to(NodeId(to.value()),
                          {.topic = kService, .payload = message, .qos = Qos::AtLeastOnce});
}

std::vector<bus::SessionPort::Router> SessionDirectory::routers() {
    std::vector<NodeId> reachable;
    for (const RouteView& route : host_->node().routes()) {
        if (route.next_hop != NodeId()) {
            reachable.push_back(route.node);
        }
    }
    std::ranges::sort(reachable);
    std::vector<Router> routers;
    for (const NodeView& known : host_->node().nodes()) {
        if (known.node != host_->id() && known.role != NodeRole::Leaf) {
            routers.push_back({.node = bus::PeerId(known.node.value()),
                               .is_reachable = std::ranges::binary_search(reachable, known.node)});
        }
    }
    return routers;
}

bool SessionDirectory::is_alone() {
    return host_->node().neighbors().empty();
}

void SessionDirectory::on_state(const State& state) {
    const std::optional<bus::SessionOwner> owner = owner_in(state.stamp, state.value);
    if (state.is_gone || !owner || state.stamp.writer.value() == self().value()) {
        return;
    }
    changes_.push_back({TenantId(state.tenant), std::string(state.name), *owner});
    shard_.defer(*this);
}

void SessionDirectory::on_directed(NodeId from, const DirectedMessage& message) {
    listener_.on_told(bus::PeerId(from.value()), message.payload);
}

void SessionDirectory::run_task() {
    for (const Change& change : std::exchange(changes_, {})) {
        listener_.on_owner(change.tenant, change.client_id, change.owner);
    }
}

}  // namespace kith::mesh

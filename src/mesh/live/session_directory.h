// Which node has the session of a client, and what nodes tell one another of sessions: the broker's
// SessionPort over the core.
//
// An entry of the common state for each session (StateKind::Session, by client id): its value is
// the epoch, 8 bytes big endian, its writer the owner. All routers have all of them, so that a
// look-up needs nobody else; a leaf has none, and its clients' sessions stay on it. What nodes tell
// goes as messages to the service "session", at QoS 0: the broker repeats what it must; at QoS 1
// what is to come behind other messages. Threads: shard-local, the first shard.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/session_port.h"
#include "mesh/live/directed_port.h"
#include "mesh/ports.h"
#include "runtime/shard.h"
#include "runtime/task.h"

namespace kith::mesh {

class Bridge;
class MeshHost;

class SessionDirectory final : public bus::SessionPort, public DirectedPort, private runtime::Task {
  public:
    SessionDirectory(runtime::Shard& shard, Bridge& bridge, bus::SessionListener& listener);
    /// Whose core it speaks to; before anything else.
    void attach(MeshHost& host) { host_ = &host; }
    /// Of the core, from inside of its calls: an entry of StateKind::Session is new.
    void on_state(const State& state);

    // bus::SessionPort
    [[nodiscard]] bus::PeerId self() const override;
    [[nodiscard]] std::optional<bus::SessionOwner> owner_of(TenantId tenant,
                                                            std::string_view client_id) override;
    void put_owner(TenantId tenant, std::string_view client_id, std::uint64_t epoch) override;
    void forget_owner(TenantId tenant, std::string_view client_id, std::uint64_t epoch) override;
    bool tell(bus::PeerId to, Bytes message) override;
    void tell_behind(bus::PeerId to, Bytes message) override;
    [[nodiscard]] std::vector<Router> routers() override;
    [[nodiscard]] bool is_alone() override;

    // DirectedPort
    void on_directed(NodeId from, const DirectedMessage& message) override;

  private:
    struct Change {
        TenantId tenant;
        std::string client_id;
        bus::SessionOwner owner;
    };
    void run_task() override;

    runtime::Shard& shard_;
    Bridge& bridge_;
    bus::SessionListener& listener_;
    MeshHost* host_ = nullptr;
    std::vector<Change> changes_;
};

}  // namespace kith::mesh

// Test support: a node's broker in a simulated network, and clients that speak MQTT to it.
//
// Virtual time, seeded: the broker, the runtime's turn and the codec are the real ones; sockets,
// clocks and the disk are simulated. A commit takes virtual time, and a power cut loses what was
// not committed. Not part of the module. Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "broker/testing/fake_access.h"
#include "broker/testing/sim_journal.h"
#include "broker/testing/test_client.h"
#include "runtime/network.h"
#include "runtime/sim/world.h"
#include "storage/memory/memory_stores.h"

namespace kith::broker::testing {

class RecordingEvents final : public EventSink {
  public:
    struct Recorded {
        EventKind kind;
        std::string client_id;
        std::string reason;
    };
    void on_event(const Event& event) override;
    [[nodiscard]] std::size_t count(EventKind kind) const;
    /// The last of this kind; fails the test if there is none.
    [[nodiscard]] Recorded last(EventKind kind) const;
    std::vector<Recorded> events;
};

/// The same without $SYS, which would count among messages and retained topics.
[[nodiscard]] inline BrokerOptions quiet(BrokerOptions options = {}) {
    options.sys_interval = Duration::zero();
    return options;
}

struct RigOptions {
    std::uint64_t seed = 1;
    std::uint16_t shard_count = 1;
    std::size_t piece_bytes_max = 0;
    Duration commit_delay = 1ms;
    std::size_t window_bytes = 256 * 1024;
    BrokerOptions broker = quiet();
    /// Where it stands, if several rigs share one; then `seed`, `piece_bytes_max` and
    /// `window_bytes` say nothing, and `name` tells the rigs apart.
    runtime::sim::World* world = nullptr;
    std::string name = "node";
};

/// One node. restart() stops it as a power cut would and starts it again on the same store.
class BrokerRig {
  public:
    explicit BrokerRig(const RigOptions& options = {});
    ~BrokerRig();

    [[nodiscard]] runtime::sim::World& world() { return world_; }
    [[nodiscard]] runtime::sim::Host& node() { return *node_; }
    [[nodiscard]] runtime::sim::Host& clients() { return *clients_; }
    /// Where the node listens.
    [[nodiscard]] runtime::SocketAddress address() const { return node_->address(kPort); }
    [[nodiscard]] Broker& broker() { return *broker_; }
    [[nodiscard]] BrokerShard& shard(std::uint16_t i) { return broker_->shard(ShardId(i)); }
    [[nodiscard]] SimJournal& journal() { return *journal_; }
    [[nodiscard]] storage::MessageStore& store() { return *store_; }
    [[nodiscard]] RecordingEvents& events() { return events_; }
    /// The principal of this name may do so much from now on, on all shards and after restarts.
    void set_rules(const std::string& name, const FakeAuthorizer::Rules& rules);
    [[nodiscard]] Counters counters();
    /// As a configuration that was read again.
    void set_options(const BrokerOptions& options);

    /// A new client with a connection that is not made yet.
    [[nodiscard]] TestClient& client(std::string client_id);
    /// Runs until nothing more is under way: long enough for any exchange of packets.
    void settle() { world_.run_for(200ms); }
    void run_for(Duration span) { world_.run_for(span); }
    /// What was not committed is lost; until restart() nobody is there.
    void power_off();
    /// Power off, power on, with as many shards as told.
    void restart(std::uint16_t shard_count);
    /// A client id that starts with `prefix` and lives on this shard.
    [[nodiscard]] std::string id_on(std::uint16_t shard, const std::string& prefix);
    /// A topic that starts with `prefix` and is owned by this shard.
    [[nodiscard]] std::string topic_on(std::uint16_t shard, const std::string& prefix) const;

  private:
    static constexpr std::uint16_t kPort = 1883;

    void start(std::uint16_t shard_count);
    void listen();

    class Acceptor;

    RigOptions options_;
    Log log_;
    std::unique_ptr<runtime::sim::World> own_world_;  // null: shared
    runtime::sim::World& world_;
    runtime::sim::Host* node_ = nullptr;
    runtime::sim::Host* clients_ = nullptr;
    std::unique_ptr<storage::MessageStore> store_;
    std::vector<std::unique_ptr<FakeAuthenticator>> authenticators_;
    std::vector<std::unique_ptr<FakeAuthorizer>> authorizers_;
    std::map<std::string, FakeAuthorizer::Rules> rules_;
    RecordingEvents events_;
    std::unique_ptr<Broker> broker_;
    std::unique_ptr<SimJournal> journal_;
    std::vector<std::unique_ptr<Acceptor>> acceptors_;
    std::vector<std::unique_ptr<TestClient>> test_clients_;
    int generation_ = 0;
    bool is_off_ = false;
};

}  // namespace kith::broker::testing

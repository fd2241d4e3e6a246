// Between a MeshNode and the broker of its daemon: clients of different nodes as of one.
//
// What the node's clients subscribe to is the interest of the core; what others want, the broker
// routes here. A message for others becomes a publication of the core, which the broker stores in
// the transaction of its publisher; one that comes is delivered to the broker with how far its
// stream is, and acknowledged when the broker has it. Neither is called from inside of a call of
// its own: what there is to answer is answered later in the turn. Threads: shard-local, but for
// group_id() and is_own_name().
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bus/mesh_port.h"
#include "mesh/live/directed_port.h"
#include "mesh/node.h"
#include "mesh/ports.h"
#include "runtime/shard.h"
#include "runtime/task.h"

namespace kith::mesh {

class MeshHost;

class Bridge final : public DeliveryPort,
                     public CustodyPort,
                     public StatePort,
                     public bus::MeshPort,
                     private runtime::Task {
  public:
    /// How urgent a message is, by its properties as they are encoded, of which nothing is known
    /// here.
    using PriorityOf = Priority (*)(Bytes properties);

    Bridge(runtime::Shard& shard, bus::BrokerPort& broker, PriorityOf priority_of)
        : shard_(shard), broker_(broker), priority_of_(priority_of) {}
    /// Whose core it speaks to; before anything else.
    void attach(MeshHost& host);

    /// To a service of one node. Not from inside of a call of the core.
    SendOutcome send_to(NodeId to, const DirectedMessage& message);
    /// From now on `port` gets what other nodes send to this service here. Requires: nobody has it.
    /// The port outlives the bridge.
    void listen(std::string_view service, DirectedPort& port);
    /// What came for a service that is not here.
    [[nodiscard]] std::uint64_t unclaimed_count() const { return unclaimed_count_; }

    // DeliveryPort, CustodyPort: of the core.
    void deliver(const Data& data, const StreamProgress& progress, std::uint64_t token) override;
    void on_published(std::uint64_t, PublishLevel) override {}
    void on_barrier(std::uint64_t token, bool is_complete) override;
    void on_wanted(std::uint32_t tenant, std::string_view filter, bool is_wanted) override;
    void store(CustodyTicket ticket, const Data& data) override;
    void settle(CustodyTicket ticket, const Destinations& left) override;
    [[nodiscard]] bool can_fetch() const override { return true; }
    void fetch(CustodyTicket ticket) override { broker_.fetch(ticket.value()); }
    void keep_record(const RecordKey& key, Bytes told, Instant expires_at) override;

    // StatePort: of the core.
    [[nodiscard]] bool on_state(const State& state) override;
    [[nodiscard]] bool read_state(State& state, Instant now) override;
    void announce_state(const StateKey& key) override;
    [[nodiscard]] bool keep_state(const State& state, std::uint8_t told) override;
    void forget_state(const StateKey& key) override;
    void on_stamp_ahead(const Stamp& stamp) override;
    /// Has `listener` called with what on_state() is told of other kinds than retained messages.
    void when_state_changes(std::function<void(const State&)> listener) {
        state_listener_ = std::move(listener);
    }

    // bus::MeshPort: of the broker.
    void subscribe(const bus::MeshInterest& interest) override;
    void unsubscribe(const bus::MeshInterest& interest) override;
    void barrier(std::function<void(bool)> done) override;
    [[nodiscard]] Sent send(const bus::Message& message, std::uint32_t expires_after_ms) override;
    void on_stored(std::uint64_t ticket) override;
    [[nodiscard]] bool is_congested() const override;
    void restore(const Kept& kept) override;
    void on_fetched(const Kept& kept) override;
    void restore_mark(Bytes key, Bytes value) override;
    [[nodiscard]] std::string_view own_id() const override { return own_id_; }
    void adopt_retained(const bus::Message& message, std::uint32_t expires_after_ms) override;
    [[nodiscard]] bool is_own_name(std::string_view name) const override {
        return name == own_id_ || name == own_name_;
    }
    [[nodiscard]] std::uint64_t group_id(const bus::MeshInterest& group) const override;

  private:
    void run_task() override;
    void note_stream(const StreamPosition& stream);
    void take_directed(const Data& data, std::uint64_t token);
    void hand_out_directed();
    void restore_record(Bytes value);

    runtime::Shard& shard_;
    bus::BrokerPort& broker_;
    PriorityOf priority_of_;
    MeshHost* host_ = nullptr;
    std::string own_id_;
    std::string own_name_;
    Sent* sending_ = nullptr;    // inside of send()
    bool is_restoring_ = false;  // what is told is kept already
    std::vector<std::uint8_t> note_;
    std::function<void(const State&)> state_listener_;
    std::map<StateKey, std::string> deleted_;  // topics whose subscribers do not know it yet
    std::vector<std::pair<StateKey, Stamp>> stored_states_;
    Instant clock_told_at_;  // that a clock is wrong
    std::uint64_t last_barrier_ = 0;
    boost::unordered_flat_map<std::uint64_t, std::function<void(bool)>> barriers_;
    std::set<StreamPosition> streams_;  // with a mark
    struct Directed {
        NodeId from;
        std::string topic;
        std::vector<std::uint8_t> payload;
        Qos qos = Qos::AtMostOnce;
        std::uint32_t expires_after_ms = 0;
        std::uint64_t token = 0;
    };
    std::map<std::string, DirectedPort*, std::less<>> services_;
    std::vector<Directed> directed_;  // of this turn
    std::uint64_t unclaimed_count_ = 0;
    std::vector<std::uint64_t> delivered_;
    std::vector<CustodyTicket> stored_;
    std::vector<std::pair<std::uint64_t, bool>> barriers_done_;
};

}  // namespace kith::mesh

// What all routers of the mesh have in common: retained messages, and where sessions are.
//
// A map of keys to values in which the last writer wins, by hybrid time; every router has all of
// it, so that it is there in every part of a mesh that falls apart. A retained message travels as
// the message that it is, and brings its stamp. Everything else, and what was missed, goes from
// neighbour to neighbour: whoever learns something new hands it on, and hellos have digests by
// which two neighbours find out what they do not have in common. A deletion is an entry, too, and
// is forgotten everywhere in the same hour.
//
//     clock    which of two writes is the later one          detail/hybrid_clock.h
//     table    who wrote what when; no values                detail/state_table.h
//     sync     what a neighbour lacks                        detail/state_sync.h
//
// Retained messages are the host's to keep (StatePort); values of other kinds are small, and kept
// here. A leaf has what it writes and what it is sent, and does not compare. Invariant: two nodes
// with the same digest have the same entries, each of them the latest that either has seen.
// Threads: shard-local. Limits: limits.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "mesh/detail/hybrid_clock.h"
#include "mesh/detail/state_sync.h"
#include "mesh/detail/state_table.h"
#include "mesh/node.h"
#include "mesh/options.h"
#include "mesh/ports.h"
#include "wire/mesh/frames.h"

namespace kith::mesh {

/// What it asks of the node around it. Nothing here calls back.
class StateListener {
  public:
    virtual void send_state(NodeId neighbor, const Frame& frame, Instant now) = 0;
    [[nodiscard]] virtual bool has_room(NodeId neighbor, Priority priority) const = 0;
    /// Asks another node to answer in the stream of its messages to this one, behind all that it
    /// has sent so far: CommonState::on_answer(). False if it cannot be reached.
    [[nodiscard]] virtual bool ask(NodeId writer, Instant now) = 0;

  protected:
    ~StateListener() = default;
};

class CommonState {
  public:
    /// The port may be null: then nobody keeps anything.
    CommonState(const MeshOptions& options, StatePort* port, StateListener& listener)
        : options_(options), port_(port), listener_(listener) {}

    void set_wall_time(WallTime wall, Instant now) { clock_.set_wall(wall, now); }
    void on_stored(const StateKey& key, const Stamp& stamp);
    void restore(const State& state, StateTold told, Instant now);
    /// A retained message that was set before there was a mesh, unless one is known already.
    void adopt(const StateName& topic, WallTime published_at, std::uint32_t expires_after_ms,
               Instant now);

    /// A client of this node sets a retained message, or deletes it: stamps it. False: there are
    /// too many.
    bool write_retained(Data& data, Instant now);
    /// A message with a stamp has arrived. Clears the stamp of one that is not to be kept, and its
    /// audience if they have been told.
    void arrive(Data& data, NodeId self, Instant now);

    /// A value of another kind; nothing deletes it. Errors: Limit.
    [[nodiscard]] Status put(StateKind kind, const StateName& name, std::optional<Bytes> value,
                             Instant now);
    [[nodiscard]] std::optional<StateValue> find(StateKind kind, const StateName& name) const;

    void on_neighbor_up(NodeId neighbor, NodeRole role);
    void on_neighbor_down(NodeId neighbor) { peers_.erase(neighbor); }
    void on_neighbor_digest(NodeId neighbor, std::uint64_t digest, Instant now);
    void on_state(NodeId neighbor, const State& state, Instant now);
    void on_digest(NodeId neighbor, const StateDigest& digest, Instant now);
    void on_list(NodeId neighbor, const StateList& list, Instant now);
    void on_request(NodeId neighbor, const StateRequest& request);
    /// All messages that this node had sent when it was asked have arrived.
    void on_answer(NodeId writer, Instant now);

    /// Sends what there is room for. At the end of each turn.
    void flush(Instant now);
    void on_timer(Instant now);
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] std::uint64_t digest() const {
        return options_.role == NodeRole::Leaf ? 0 : table_.digest();
    }
    [[nodiscard]] const StateCounters& counters() const;

  private:
    struct Value {
        std::uint32_t tenant = 0;
        std::string name;
        std::vector<std::uint8_t> bytes;
    };
    struct Peer {
        StateSync sync;
        std::size_t listed_count = 0;  // in answer to its last digest
    };

    /// What subscribers here may still get as the message that it is, of one writer.
    struct Due {
        std::vector<StateKey> keys;   // since the writer was asked
        std::vector<StateKey> asked;  // before that
        Instant ask_at;
        Instant give_up_at;
    };

    [[nodiscard]] StateEntry* write(const StateKey& key, std::uint32_t lifetime_ms, bool is_gone,
                                    Instant now);
    [[nodiscard]] bool is_news(const StateEntry& news, const StateEntry* known, Instant now);
    [[nodiscard]] bool put_content(const State& state);
    void keep(StateEntry& entry);
    void pass_on(const StateKey& key, NodeId but);
    void await_message(const StateEntry& entry, Instant now);
    /// False if nothing more is due.
    [[nodiscard]] bool see_to_due(NodeId writer, Due& due, Instant now);
    void announce(std::vector<StateKey>& keys);
    void list_bucket(NodeId neighbor, Peer& peer, std::size_t bucket, Instant now);
    bool send_one(NodeId neighbor, const StateKey& key, Instant now);
    [[nodiscard]] bool read(const StateEntry& entry, State& state, Instant now) const;
    [[nodiscard]] Peer* peer(NodeId neighbor);

    const MeshOptions& options_;
    StatePort* port_;
    StateListener& listener_;
    HybridClock clock_;
    StateTable table_;
    std::map<StateKey, Value> values_;  // of kinds that are kept here
    std::map<NodeId, Peer> peers_;      // routers alone
    std::map<NodeId, Due> due_;         // by writer
    Instant forget_at_;
    mutable StateCounters counters_;
};

}  // namespace kith::mesh

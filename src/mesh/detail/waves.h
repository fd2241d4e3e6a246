// The subscribe barrier: a wave that goes out to all nodes and comes back when each of them has
// what it asks for.
//
// Propagation of information with feedback (Segall 1983): who hears a wave first from a neighbour
// passes it on to all others, once it has the records that the wave names; who has heard it from
// all of its neighbours answers the first. Two Echo frames a link and wave; who has not answered in
// half of barrier_timeout is asked once more, and answers again. A barrier that is
// complete says that every node to which there was a way all the time has the records. It is
// incomplete if it took longer than barrier_timeout, or if a neighbour that was asked went away
// before it had answered: what lies behind it may not have heard. The first subscribe begins a wave
// at once, those within kBarrierCoalesce behind it share the next. Limits: kWavesMax, beyond which
// the answer is that the wave is incomplete; a wave is remembered for twice barrier_timeout.
#pragma once

#include <cstdint>
#include <memory>

#include "base/time.h"
#include "mesh/options.h"
#include "wire/mesh/frames.h"

namespace kith::mesh {

class WaveListener {
  public:
    virtual void send_echo(NodeId neighbor, const Echo& echo, Instant now) = 0;
    /// Whether this record, or a newer one, is installed here.
    [[nodiscard]] virtual bool has_record(const RecordVersion& record) const = 0;
    virtual void on_barrier(std::uint64_t token, bool is_complete) = 0;

  protected:
    ~WaveListener() = default;
};

class Waves {
  public:
    Waves(const MeshOptions& options, WaveListener& listener);
    ~Waves();

    /// Begins a barrier for these records of this node, as it has told them. Requires:
    /// kListEntriesMax of them at most.
    void begin(std::uint64_t token, const RecordVersions& wanted, Instant now);
    void on_echo(NodeId neighbor, const Echo& echo, Instant now);
    /// A record was installed: waves that wait for it go on.
    void on_record(const RecordKey& key, Instant now);
    void on_neighbor_up(NodeId neighbor, Instant now);
    void on_neighbor_down(NodeId neighbor, Instant now);
    void on_timer(Instant now);
    [[nodiscard]] Instant deadline() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kith::mesh

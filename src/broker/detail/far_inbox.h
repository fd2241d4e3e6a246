// Messages of other nodes on their way to clients here, and the wait for those who cannot take
// more.
//
// Back-pressure across the mesh: a receiver that holds the publishers of this node (hold_list.h)
// holds the stream of another node as well. What comes of that stream meanwhile waits here, in its
// order, and is acknowledged only once it was published; so its origin has a full window, and holds
// its publishers in turn. It is as long as for a publisher here, and one that is still behind by
// then loses messages and holds nobody. Each stream waits by itself.
// Threads: shard-local. Limits: what a node may have on its way to another one, in each stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/time.h"
#include "broker/detail/hold_list.h"
#include "broker/detail/shard_context.h"
#include "broker/detail/stored_message.h"
#include "bus/mesh_port.h"

namespace kith::broker {

class FarInbox {
  public:
    explicit FarInbox(ShardContext& context) : context_(context) {}

    /// A message of QoS 1 or 2 that a client may have published. `done` once receivers here cannot
    /// lose it. Messages of a stream, which is who has the same mark, are published in this order.
    void take(const bus::Message& message, const bus::MeshMark& mark, std::function<void()> done);
    /// Publishes what does not have to wait any more: somebody has room again, or time has passed.
    void go_on(bool has_room);
    /// When go_on() is due at the latest.
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] std::size_t waiting_count() const { return waiting_count_; }

  private:
    /// On disk with the message; kept until then.
    struct KeptMark;
    struct Waiting {
        MessageRef message;
        KeptAudience audience;
        std::shared_ptr<KeptMark> mark;
        std::function<void()> done;
    };
    struct Line {
        Congestion reason = Congestion::None;
        Instant until;
        std::deque<Waiting> waiting;
    };

    /// Answers with what it met.
    Congestion publish(const bus::Message& message, std::shared_ptr<KeptMark> mark,
                       std::function<void()> done);
    void hold(Line& line, Congestion reason);
    void go_on(Line& line);

    ShardContext& context_;
    std::map<std::string, Line, std::less<>> lines_;  // by the mark of their stream
    std::size_t waiting_count_ = 0;
};

}  // namespace kith::broker

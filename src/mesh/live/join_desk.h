// Where a holder of the mesh's authority lets newcomers in.
//
// Each has a channel of its own for a few seconds and is answered once, by MeshDirectory: whether
// it is invited, and its certificate. What strangers can cost is bounded: channels at once, from
// one address too, the bytes and the time of each, and attempts, which are counted before the disk
// is asked. Threads: shard-local; files are read and written on a BlockingPool. Limits: limits.h,
// JoinAttempts.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/time.h"
#include "mesh/live/join_channel.h"
#include "mesh/live/mesh_host.h"
#include "mesh/trust/enrolment.h"
#include "mesh/trust/mesh_directory.h"
#include "runtime/blocking_pool.h"
#include "runtime/shard.h"

namespace kith::mesh {

struct JoinDeskCounters {
    std::uint64_t channels = 0;
    std::uint64_t refused = 0;  // a limit
    std::uint64_t timed_out = 0;
    std::uint64_t malformed = 0;  // no message at all; those that say nonsense have a verdict
    std::uint64_t broken = 0;     // ended before they asked
    std::uint64_t failed = 0;     // this node's own files
    std::array<std::uint64_t, kJoinVerdictCount> verdicts{};
};

class JoinDesk final : public NewcomerPort, private JoinChannelOwner, private runtime::Task {
  public:
    struct Ports {
        MeshDirectory directory;
        runtime::BlockingPool& files;  // outlives the desk
        std::function<WallTime()> wall_now;
        /// Of each request that was answered.
        std::function<void(const JoinOutcome&)> on_answered;
        /// This node's own files do not let it answer.
        std::function<void(const std::string& problem)> on_problem;
    };
    JoinDesk(runtime::Shard& shard, Ports ports);
    ~JoinDesk();

    void on_newcomer(std::unique_ptr<runtime::Stream> stream) override;

    [[nodiscard]] const JoinDeskCounters& counters() const { return counters_; }
    [[nodiscard]] std::size_t open_channels() const { return channels_.size(); }

  private:
    void on_channel_ready(JoinChannel&) override {}  // it was, when it came
    void on_channel_message(JoinChannel& channel, Bytes message) override;
    void on_channel_ended(JoinChannel& channel, JoinChannelEnd end) override;
    void run_task() override;

    [[nodiscard]] bool has_room_for(const runtime::SocketAddress& remote) const;
    void answer(LinkId channel, const JoinOutcome& outcome);
    void on_failed(LinkId channel, const std::string& problem);

    runtime::Shard& shard_;
    Ports ports_;
    JoinAttempts attempts_;
    JoinDeskCounters counters_;
    std::uint32_t last_channel_ = 0;
    std::map<LinkId, std::unique_ptr<JoinChannel>> channels_;
    std::vector<std::unique_ptr<JoinChannel>> ended_;            // until the turn is over
    std::vector<std::unique_ptr<runtime::Stream>> turned_away_;  // likewise
    // shared_ptr: mail with an answer may arrive after the desk has gone; null then.
    std::shared_ptr<JoinDesk*> self_token_;
};

}  // namespace kith::mesh

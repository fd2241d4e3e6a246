// Notices when tools change what this node is to a mesh, while it runs.
//
// `kith mesh` changes the node's files and knows nothing of the process; every change replaces a
// file, and so touches the directory. One look a second at that, and the files are read again when
// it was touched. Threads: shard-local; looks and reads on a BlockingPool.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "mesh/trust/membership_files.h"
#include "runtime/blocking_pool.h"
#include "runtime/shard.h"
#include "runtime/timer.h"

namespace kith::mesh {

inline constexpr Duration kMembershipLookInterval = std::chrono::seconds(1);

class MembershipWatch final : private runtime::Timer {
  public:
    struct Ports {
        MeshDirectory directory;
        runtime::BlockingPool& files;  // outlives the watch
        /// Whether this node would take up a membership that is there now.
        std::function<WantsEpoch()> wants_epoch;
        std::function<void(OrFileProblem<MembershipFiles>)> on_change;
    };
    MembershipWatch(runtime::Shard& shard, Ports ports);
    ~MembershipWatch();

    /// What is there now was read already; the first look compares with it.
    void start(std::string stamp);
    /// Reads at once, touched or not.
    void look_now();
    void stop();

  private:
    void on_timer(Instant now) override;
    void look();

    runtime::Shard& shard_;
    Ports ports_;
    std::string stamp_;
    bool is_looking_ = false;
    bool is_stopped_ = false;
    bool looks_again_ = false;
    // shared_ptr: mail with an answer may arrive after the watch has gone; null then.
    std::shared_ptr<MembershipWatch*> self_token_;
};

}  // namespace kith::mesh

// How nodes come into the mesh: this one by a token, others by the invites that this one made.
//
// Watches the files that `kith mesh` changes, asks for a certificate while there is a token, and
// answers newcomers if this node holds the mesh's authority. What it finds out goes to its owner,
// who alone has links. Threads: shard-local; files and names on pools.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "mesh/live/join_caller.h"
#include "mesh/live/join_desk.h"
#include "mesh/live/membership_watch.h"
#include "runtime/blocking_pool.h"
#include "runtime/shard.h"

namespace kith::mesh {

/// The time of this machine, unless it cannot be: a certificate of this mesh that is good for a
/// year, or a token for a month, ends at `not_after`.
[[nodiscard]] std::optional<WallTime> believable_time(WallTime now, WallTime not_after,
                                                      std::chrono::milliseconds lifetime);

inline constexpr Duration kRenewalAttempt = std::chrono::minutes(1);
inline constexpr Duration kRenewalInterval = std::chrono::hours(1);

class MeshGate {
  public:
    struct Ports {
        const Log& log;
        MeshDirectory directory;
        std::vector<std::string> peers;  // of the configuration: asked beside those of the token
        runtime::BlockingPool& files;
        runtime::BlockingPool& names;
        std::function<WantsEpoch()> wants_epoch;
        /// The files were changed, by this node or by a tool.
        std::function<void(OrFileProblem<MembershipFiles>)> on_membership;
    };
    MeshGate(runtime::Shard& shard, Ports ports);
    ~MeshGate();

    /// What was read has that stamp.
    void start(std::string stamp) { watch_.start(std::move(stamp)); }
    void look_now() { watch_.look_now(); }
    void stop();

    /// Asks with the token of this membership, from now on with no other. Requires: it has one.
    void join(const Membership& joining);
    void stop_joining();
    /// Has the certificate of this member renewed: by itself if it can, else by whom it asks at its
    /// peers, for kRenewalAttempt at a time, kRenewalInterval apart.
    void renew(const Membership& member);

    /// On disk, for ever.
    void keep_revocations(std::vector<Revocation> heard);
    /// For the tokens that tools make.
    void note_address(const runtime::SocketAddress& address);

    [[nodiscard]] JoinDesk& desk() { return desk_; }
    [[nodiscard]] const JoinDesk& desk() const { return desk_; }
    /// Why the node was not let in yet: for people.
    [[nodiscard]] std::string joining_trouble() const;

  private:
    [[nodiscard]] JoinErrand with_peers(JoinErrand errand) const;
    void on_admitted(Admission admission);
    void renew_self();
    void on_answered(const JoinOutcome& outcome);

    runtime::Shard& shard_;
    Ports ports_;
    MembershipWatch watch_;
    JoinDesk desk_;
    std::optional<JoinToken> token_;  // that the caller asks with
    std::unique_ptr<JoinCaller> caller_;
    std::unique_ptr<JoinCaller> renewal_;
    runtime::CallbackTimer renewal_end_{[this](Instant) { renewal_.reset(); }};
    Instant next_renewal_;
    std::string problem_;  // with this node's own files
    // shared_ptr: mail with an answer may arrive after the gate has gone; null then.
    std::shared_ptr<MeshGate*> self_token_;
};

}  // namespace kith::mesh

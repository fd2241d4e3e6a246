// How nodes come into the mesh: this one by a token, others by the invites that this one made.
//
// Watches the files that `kith mesh` changes, asks for a certificate while there is a token, and
// answers newcomers if this node holds the mesh's authority. What it finds out goes to the pillar,
// which alone has links. Threads: the first shard; files and names on pools of its own.
#pragma once

#include "base/log.h"
#include "mesh/live/join_caller.h"
#include "mesh/live/join_desk.h"
#include "node/detail/membership_watch.h"
#include "runtime/blocking_pool.h"
#include "runtime/shard.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kith::node {

/// The time of this machine, unless it cannot be: a certificate of this mesh that is good for a
/// year, or a token for a month, ends at `not_after`.
[[nodiscard]] std::optional<WallTime> believable_time(WallTime now, WallTime not_after,
                                                      std::chrono::milliseconds lifetime);

inline constexpr Duration kRenewalAttempt = std::chrono::minutes(1);
inline constexpr Duration kRenewalInterval = std::chrono::hours(1);

class MeshGate {
  public:
    struct Ports {
        Log& log;
        mesh::MeshDirectory directory;
        std::vector<std::string> peers;  // of the configuration: asked beside those of the token
        runtime::BlockingPool& files;
        runtime::BlockingPool& names;
        std::function<WantsEpoch()> wants_epoch;
        /// The files were changed, by this node or by a tool.
        std::function<void(mesh::OrFileProblem<MembershipFiles>)> on_membership;
    };
    MeshGate(runtime::Shard& shard, Ports ports);
    ~MeshGate();

    /// What was read has that stamp.
    void start(std::string stamp) { watch_.start(std::move(stamp)); }
    void look_now() { watch_.look_now(); }
    void stop();

    /// Asks with the token of this membership, from now on with no other. Requires: it has one.
    void join(const mesh::Membership& joining);
    void stop_joining();
    /// Has the certificate of this member renewed: by itself if it can, else by whom it asks at its
    /// peers, for kRenewalAttempt at a time, kRenewalInterval apart.
    void renew(const mesh::Membership& member);

    /// On disk, for ever.
    void keep_revocations(std::vector<mesh::Revocation> heard);
    /// For the tokens that tools make.
    void note_address(const runtime::SocketAddress& address);

    [[nodiscard]] mesh::JoinDesk& desk() { return desk_; }
    [[nodiscard]] const mesh::JoinDesk& desk() const { return desk_; }
    /// Why the node was not let in yet: for people.
    [[nodiscard]] std::string joining_trouble() const;

  private:
    [[nodiscard]] mesh::JoinErrand with_peers(mesh::JoinErrand errand) const;
    void on_admitted(mesh::Admission admission);
    void renew_self();
    void on_answered(const mesh::JoinOutcome& outcome);

    runtime::Shard& shard_;
    Ports ports_;
    MembershipWatch watch_;
    mesh::JoinDesk desk_;
    std::optional<mesh::JoinToken> token_;  // that the caller asks with
    std::unique_ptr<mesh::JoinCaller> caller_;
    std::unique_ptr<mesh::JoinCaller> renewal_;
    runtime::CallbackTimer renewal_end_{[this](Instant) { renewal_.reset(); }};
    Instant next_renewal_;
    std::string problem_;  // with this node's own files
    // shared_ptr: mail with an answer may arrive after the gate has gone; null then.
    std::shared_ptr<MeshGate*> self_token_;
};

}  // namespace kith::node

// What a node keeps of its membership: DIR/mesh, for its user alone (docs/formats).
//
//     node.key                       the node's key: whoever has it is the node
//     membership                     its name, and the join token until it is used
//     root.pem certificate.pem       which mesh, and the chain that the node shows; from joining on
//     authority.pem authority.key    where nodes are let in; invites, revoked likewise. Of the root
//                                    where the mesh was founded, of a holder where it was delegated
//     lock                           held for the time of a change
//
// Tools and the running node use it at the same time: every change is made under the lock, and what
// was read is read again. Which state the node is in follows from which files there are, each of
// which is written whole: a crash at any moment leaves a state from which the same command goes on.
// Threads: one at a time; blocks on the disk, so it belongs on a pool of threads that may.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "crypto/digest.h"
#include "crypto/secrets.h"
#include "mesh/trust/authority.h"
#include "mesh/trust/enrolment.h"
#include "mesh/trust/invites.h"
#include "mesh/trust/join_token.h"
#include "mesh/trust/node_key.h"
#include "mesh/trust/private_file.h"
#include "mesh/trust/revocations.h"

namespace kith::mesh {

enum class MembershipState : std::uint8_t {
    None,     // neither founded nor joined
    Joining,  // has a token; the first link to an issuer makes it a member
    Member,
};
/// "none", "joining", "member".
[[nodiscard]] std::string_view to_string(MembershipState state);

struct Membership {
    MembershipState state = MembershipState::None;
    std::string name;                // as people call the node
    std::optional<NodeKey> key;      // from Joining on
    std::optional<JoinToken> token;  // while Joining
    /// HOST:PORT of those that the token named with which it joined: where it finds the mesh again.
    std::vector<std::string> peers;
    // A member has these:
    std::string root_pem;
    crypto::Digest root_fingerprint{};  // of a node that joins: what its token pins
    std::vector<std::uint8_t> chain;
    NodeRole role = NodeRole::Router;
    WallTime since;  // when its key was first certified
    WallTime not_after;
    bool is_issuer = false;

    [[nodiscard]] MeshId mesh() const { return mesh_id_of(root_fingerprint); }
};

/// When a request to join came, and how many may come.
struct JoinMoment {
    WallTime wall_now;
    Instant now;
    JoinAttempts& attempts;
};

class MeshDirectory {
  public:
    /// Of the data directory `data`, which exists. Makes nothing.
    explicit MeshDirectory(const std::string& data) : path_(data + "/mesh") {}

    [[nodiscard]] OrFileProblem<Membership> load() const;

    /// Founds a mesh of which this node is the first member and the issuer. A problem if it belongs
    /// to one, or is about to.
    [[nodiscard]] OrFileProblem<Membership> found(std::string_view name,
                                                  crypto::SecretSource& secrets, WallTime now);
    /// Keeps the token, and makes a key. Again with another token: that counts. A problem if the
    /// node is a member.
    [[nodiscard]] OrFileProblem<Membership> begin_join(std::string_view token_text,
                                                       std::string_view name,
                                                       crypto::SecretSource& secrets);
    /// What came of it; also a renewed certificate of the same mesh. The token is forgotten but for
    /// its addresses.
    [[nodiscard]] OrFileProblem<void> admit(const Admission& admission);

    /// For issuers.
    [[nodiscard]] OrFileProblem<MeshAuthority> authority() const;
    [[nodiscard]] OrFileProblem<InviteBook> invites() const;
    [[nodiscard]] OrFileProblem<NewInvite> invite(const InviteTerms& terms,
                                                  crypto::SecretSource& secrets, WallTime now);
    /// Answers a request to join; its use is on disk when this returns.
    [[nodiscard]] OrFileProblem<JoinOutcome> answer(Bytes request, Bytes channel_binding,
                                                    const JoinMoment& moment);

    /// The authority of a second issuer, as a text that is secret: whoever has it lets nodes in. A
    /// problem if this node does not hold the root.
    [[nodiscard]] OrFileProblem<std::string> delegate(std::string_view holder_name,
                                                      WallTime now) const;
    /// Makes this member an issuer by what delegate() made. A problem if it is none of its mesh, or
    /// an issuer already.
    [[nodiscard]] OrFileProblem<void> take_delegation(std::string_view text, WallTime now);

    /// The next certificate of this node itself. A problem if it is no issuer.
    [[nodiscard]] OrFileProblem<void> renew_self(WallTime now);

    /// Where the running node listens for links, for the tokens that tools make.
    [[nodiscard]] OrFileProblem<void> note_address(std::string_view address) const;
    /// Of the last node that ran; nothing if none did.
    [[nodiscard]] OrFileProblem<std::optional<std::string>> noted_address() const;

    [[nodiscard]] OrFileProblem<RevocationList> revocations() const;
    /// A problem if this node is no issuer, or the one to be revoked.
    [[nodiscard]] OrFileProblem<void> revoke(NodeId node, WallTime now);
    /// Keeps what was heard of others. Requires: their signatures are good.
    [[nodiscard]] OrFileProblem<void> keep(const std::vector<Revocation>& heard);

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    [[nodiscard]] std::string file(std::string_view name) const;
    [[nodiscard]] OrFileProblem<FileLock> lock() const;
    [[nodiscard]] OrFileProblem<NodeKey> key_or_new(crypto::SecretSource& secrets) const;
    [[nodiscard]] OrFileProblem<MeshAuthority> authority_or_new(std::string_view name,
                                                                WallTime now) const;
    [[nodiscard]] OrFileProblem<void> load_member(Membership& membership,
                                                  std::string_view chain_pem) const;
    [[nodiscard]] OrFileProblem<void> load_name(Membership& membership) const;
    [[nodiscard]] OrFileProblem<void> load_name_line(Membership& membership,
                                                     std::string_view line) const;
    /// `lines` beyond the name: a token, or peers.
    [[nodiscard]] OrFileProblem<void> write_name(std::string_view name,
                                                 std::string_view lines) const;
    [[nodiscard]] OrFileProblem<void> write_all(
        const std::vector<std::pair<std::string_view, std::string_view>>& files) const;
    /// Requires: the lock is held.
    [[nodiscard]] OrFileProblem<void> require_issuer() const;

    std::string path_;
};

}  // namespace kith::mesh

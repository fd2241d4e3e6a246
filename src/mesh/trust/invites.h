// Invites: who may become a member of the mesh, how often, until when; and who has.
//
// Kept by whoever holds the mesh's authority. Of a secret only its SHA-256 is kept, which is what
// proofs are keyed with (enrolment.h): the file is as secret as its tokens until they end. An
// invite is used up when as many nodes as it allows have used it; the same node may come again, for
// its answer may have been lost. Holders that cannot reach one another may let in too many with the
// same invite: merge() brings their books together and finds that out.
//
//     kith-mesh invites 1
//     invite ID role=router|leaf uses=N created=MS expires=MS secret=HEX
//     used ID NODE AT_MS NAME                         (behind its invite; the name is the rest)
//
// Threads: values. Limits: below; docs/formats/mesh-membership.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "crypto/digest.h"
#include "crypto/secrets.h"
#include "mesh/trust/join_token.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

inline constexpr std::size_t kInvitesMax = 256;
inline constexpr std::uint32_t kInviteUsesMax = 1000;
inline constexpr std::chrono::minutes kInviteLifetimeDefault{15};
inline constexpr std::chrono::minutes kInviteLifetimeMax{30 * 24 * 60};
/// Invites that have ended are remembered for so long: for people, and to find out what was spent
/// twice.
inline constexpr std::chrono::days kInviteMemory{30};

struct InviteUse {
    NodeId node;
    WallTime at;
    std::string name;  // as the node has called itself

    friend bool operator==(const InviteUse&, const InviteUse&) = default;
};

struct Invite {
    InviteId id;
    NodeRole role = NodeRole::Router;
    std::uint32_t uses_max = 1;
    WallTime created_at;
    WallTime expires_at;
    crypto::Digest secret_digest{};
    std::vector<InviteUse> used_by;

    [[nodiscard]] std::uint32_t uses_left() const;
    /// More nodes have used it than may: somebody has let in one too many.
    [[nodiscard]] bool is_overspent() const { return used_by.size() > uses_max; }

    friend bool operator==(const Invite&, const Invite&) = default;
};

struct InviteTerms {
    NodeRole role = NodeRole::Router;
    std::uint32_t uses = 1;
    std::chrono::milliseconds lifetime = kInviteLifetimeDefault;
};

/// The only moment at which the secret is known.
struct NewInvite {
    InviteId id;
    WallTime expires_at;
    InviteSecret secret;
};

/// A name as people call a node: 1 to 64 bytes of UTF-8 without control characters. Errors:
/// Invalid.
[[nodiscard]] Status check_node_name(std::string_view name);

class InviteBook {
  public:
    /// Errors: Malformed with what is wrong; Limit; Unsupported for a later version.
    [[nodiscard]] static Result<InviteBook> parse(std::string_view text);
    [[nodiscard]] std::string to_text() const;

    /// Errors: Invalid (terms); Limit beyond kInvitesMax.
    [[nodiscard]] Result<NewInvite> add(const InviteTerms& terms, crypto::SecretSource& secrets,
                                        WallTime now);
    [[nodiscard]] const Invite* find(InviteId id) const;
    [[nodiscard]] const std::vector<Invite>& invites() const { return invites_; }

    /// Whether `node` may use it now, or has. Errors: NotFound; Denied (it has ended); Limit (it is
    /// used up).
    [[nodiscard]] Status check(InviteId id, NodeId node, WallTime now) const;
    /// Notes the use. Errors: as check().
    [[nodiscard]] Status use(InviteId id, const InviteUse& use);
    /// What another holder knows of the same invites; returns those that are overspent.
    std::vector<InviteId> merge(const InviteBook& other);
    /// Forgets what ended more than kInviteMemory ago.
    void prune(WallTime now);

  private:
    [[nodiscard]] Invite* entry(InviteId id);

    std::vector<Invite> invites_;  // in the order in which they were made
};

}  // namespace kith::mesh

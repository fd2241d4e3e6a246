// A member of a mesh as long as it runs: its key, its certificate, its time, and who was put out.
//
// What a node and a leaf have in common once their directory says which mesh they belong to. The
// gate finds out what the directory says (mesh_gate.h); this makes trust and TLS of it, has the
// certificate renewed in time, and acts on revocations, whether a tool wrote them or a neighbour
// told them. Its owner has the links.
// Invariant: once take() has answered with nothing, trust() and security() are there.
// Threads: shard-local after begin(); before, those of whoever reads its directory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "mesh/live/mesh_gate.h"
#include "mesh/live/mesh_host.h"
#include "mesh/live/tls_link_security.h"
#include "mesh/trust/mesh_directory.h"
#include "mesh/trust/mesh_trust.h"
#include "runtime/shard.h"

namespace kith::mesh {

class OwnMembership {
  public:
    explicit OwnMembership(const Log& log) : log_(log) {}

    /// What its directory says before it has links. Answers with why it cannot have any; empty if
    /// it can.
    [[nodiscard]] std::string take(MembershipFiles files);
    /// Makes forward_security() as well. Requires: take() has answered with nothing. Errors:
    /// Invalid, with what OpenSSL refused.
    [[nodiscard]] Status secure_forwarding();
    /// Has links from now on: keeps the time, and tells and acts on who was put out. `gate` and
    /// `host` outlive stop().
    void begin(runtime::Shard& shard, MeshGate& gate, MeshHost& host);
    /// Its directory has changed. Requires: begin().
    void take_change(MembershipFiles files);
    void stop();
    /// Has `listener` called after the links of a node that does not belong any more were ended.
    void when_put_out(std::function<void(NodeId)> listener) { put_out_ = std::move(listener); }

    /// As the directory has it, also of one that is no member yet.
    [[nodiscard]] const Membership& membership() const { return membership_; }
    [[nodiscard]] NodeId id() const { return trust_->self(); }
    [[nodiscard]] MeshTrust& trust() { return *trust_; }
    [[nodiscard]] const MeshTrust& trust() const { return *trust_; }
    [[nodiscard]] TlsLinkSecurity& security() { return *security_; }
    /// Requires: secure_forwarding().
    [[nodiscard]] TlsLinkSecurity& forward_security() { return *forward_security_; }
    [[nodiscard]] const RevocationList& revoked() const { return revoked_; }
    /// Of this life; 0 before it was ever a member.
    [[nodiscard]] std::uint32_t epoch() const { return epoch_; }
    [[nodiscard]] WantsEpoch wants_epoch() const {
        return epoch_ == 0 ? WantsEpoch::Yes : WantsEpoch::No;
    }
    /// HOST:PORT: those configured, and those of the token with which it joined.
    [[nodiscard]] std::vector<std::string> peers(std::vector<std::string> configured) const;

  private:
    [[nodiscard]] LinkCredentials credentials() const;
    [[nodiscard]] LinkCredentials forward_credentials() const;
    [[nodiscard]] Status renew();
    void take_time();
    void take_news();
    void put_out(NodeId who);
    void tell_revocations();

    const Log& log_;
    runtime::Shard* shard_ = nullptr;  // these three: null before begin()
    MeshGate* gate_ = nullptr;
    MeshHost* host_ = nullptr;
    Membership membership_;
    std::uint32_t epoch_ = 0;
    RevocationList revoked_;
    std::function<void(NodeId)> put_out_;
    std::vector<Revocation> news_;  // heard, and not kept yet
    std::optional<MeshTrust> trust_;
    std::unique_ptr<TlsLinkSecurity> security_;
    std::unique_ptr<TlsLinkSecurity> forward_security_;  // null: it forwards nothing
    runtime::CallbackTimer clock_{[this](Instant) { take_time(); }};
    runtime::CallbackTimer news_timer_{[this](Instant) { take_news(); }};
};

}  // namespace kith::mesh

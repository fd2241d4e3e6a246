// Where a certificate, or a token that names a machine, becomes that machine: the part of letting
// clients in that needs the store.
//
// A certificate opens what it was issued or mapped for, one by one, by its fingerprint; one of the
// owner's authority that was not mapped opens the machine that it names, by the owner's rule. One
// of the node's own authority that the store does not know opens nothing. Revoked, expired, of a
// machine that is gone or disabled: refused, and whoever came in with one that is revoked later has
// to come in anew.
// The store is asked at every CONNECT, so that what a tool changed holds at once.
// Threads: shard-local (home). Limits: the store pool's queue, above which clients are refused.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "access/certificate_name.h"
#include "access/registry.h"
#include "bus/authenticator.h"

namespace kith::access {

/// What a request shows of a verified certificate, kept.
struct ShownCertificate {
    storage::Digest fingerprint{};
    std::string common_name;
    std::string dns_name;
    std::string uri_name;
    WallTime not_after;
    bool is_own = false;  // signed by the node's own authority
};
/// Requires: request.certificate_fingerprint has 32 bytes.
[[nodiscard]] ShownCertificate shown_certificate(const bus::AuthRequest& request);

struct MachineDeskCounters {
    std::uint64_t certificates_accepted = 0;
    std::uint64_t certificates_denied = 0;
    std::uint64_t certificates_revoked = 0;  // of these
};

class MachineDesk {
  public:
    using Done = std::function<void(Result<bus::Principal>)>;

    /// `registry` outlives the desk and lives on the same shard. Before its start().
    MachineDesk(runtime::Shard& home, Registry& registry, CertificateName rule);
    MachineDesk(const MachineDesk&) = delete;
    MachineDesk& operator=(const MachineDesk&) = delete;

    /// Errors: Denied, Unavailable.
    void check_certificate(ShownCertificate certificate, Done done);
    /// A principal that belongs to a machine, as that stands in the store: refused if it is
    /// disabled, with its topic roles if the principal brings none. Errors: Denied, Unavailable.
    void check_machine(bus::Principal principal, Done done);

    [[nodiscard]] const MachineDeskCounters& counters() const { return counters_; }

  private:
    struct Visit;

    [[nodiscard]] Result<bus::Principal> judge(const Visit& visit) const;
    void on_changes(const storage::Changes& changes);

    runtime::Shard* home_;
    Registry* registry_;
    CertificateName rule_;
    MachineDeskCounters counters_;
};

}  // namespace kith::access

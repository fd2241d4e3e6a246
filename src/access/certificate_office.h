// Where machines get certificates, and where these are taken back: the node as a small authority.
//
// Issued with a new key, which is shown once and kept nowhere, or for a signing request, whose key
// the machine never shows. A certificate of somebody else's authority can be mapped to a machine,
// too. What is issued is in the store before anybody sees it, with a line in the audit.
// The free functions are what both the API and `kith machine certificate` do.
// Threads: free functions any, with a store of their own. The office: shard-local (home).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "access/registry.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "crypto/client_certificate.h"
#include "storage/control_store.h"

namespace kith::access {

struct CertificateOrder {
    std::string machine;
    std::string request_pem;  // empty: make a key
    std::chrono::days lifetime = crypto::kClientLifetimeDefault;
    WallTime now;
    std::string ordered_by;  // for the audit: "user:anna"
    std::string from_address = {};
};

struct IssuedCertificate {
    storage::CertificateRecord record;
    std::string certificate_pem;
    std::string private_key_pem;  // the only time that it is seen; empty for a request
};

/// Errors: NotFound (the machine), those of crypto/client_certificate.h and of the store.
[[nodiscard]] Result<IssuedCertificate> issue_certificate(storage::ControlStore& store,
                                                          const crypto::Identity& authority,
                                                          const CertificateOrder& order);
/// Lets in whoever shows this certificate as this machine, provided that TLS believes it. Errors:
/// Malformed, Invalid (an authority's), NotFound, Conflict (it is mapped already).
[[nodiscard]] Result<storage::CertificateRecord> map_certificate(storage::ControlStore& store,
                                                                 const std::string& pem,
                                                                 const CertificateOrder& order);
/// Errors: NotFound if the machine has no such certificate.
[[nodiscard]] Status revoke_certificate(storage::ControlStore& store,
                                        const storage::Digest& fingerprint,
                                        const CertificateOrder& order);

class CertificateOffice {
  public:
    CertificateOffice(Registry& registry, crypto::Identity authority)
        : registry_(&registry), authority_(std::move(authority)) {}

    void issue(const CertificateOrder& order, std::function<void(Result<IssuedCertificate>)> done);
    void map(const CertificateOrder& order, const std::string& pem,
             std::function<void(Result<storage::CertificateRecord>)> done);
    /// In order of fingerprint. Errors: NotFound (the machine), Unavailable.
    void list(const std::string& machine,
              std::function<void(Result<std::vector<storage::CertificateRecord>>)> done);
    void revoke(const CertificateOrder& order, const storage::Digest& fingerprint,
                std::function<void(Status)> done);

  private:
    template <typename Answer>
    void ask(std::function<Result<Answer>(storage::ControlStore&)> work,
             std::function<void(Result<Answer>)> done);

    Registry* registry_;
    crypto::Identity authority_;
};

}  // namespace kith::access

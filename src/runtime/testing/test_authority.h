// For tests: certificates made in memory.
//
//     TestAuthority authority;
//     TlsIdentity server = authority.issue({.common_name = "gw-1", .names = {"localhost"}});
//     options.ca_pem = authority.certificate_pem();
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/tls.h"

namespace kith::runtime {

struct TestCertificate {
    std::string common_name = "test";
    std::vector<std::string> names;      // DNS names the certificate is valid for
    std::vector<std::string> addresses;  // IP addresses, likewise
    std::vector<std::string> uris;
    std::string usage;          // extendedKeyUsage, "serverAuth"; empty: any
    long valid_from_s = -3600;  // relative to now
    long valid_until_s = 3600;
};

/// A certificate authority for one test, and the certificates it signs. ECDSA, P-256.
class TestAuthority {
  public:
    explicit TestAuthority(const std::string& common_name = "test authority");
    ~TestAuthority();
    TestAuthority(const TestAuthority&) = delete;
    TestAuthority& operator=(const TestAuthority&) = delete;

    [[nodiscard]] std::string certificate_pem() const;
    [[nodiscard]] TlsIdentity issue(const TestCertificate& options) const;
    /// A list of revoked certificates, good until `valid_until_s` from now.
    [[nodiscard]] std::string revocation_list(const std::vector<TlsIdentity>& revoked,
                                              long valid_until_s = 3600) const;

  private:
    struct Keys;
    std::unique_ptr<Keys> keys_;
};

}  // namespace kith::runtime

// The node's TLS identity: the owner's files, or one that the node makes for itself.
//
// At its first start a node makes an authority and a certificate signed by it; clients trust
// ca.pem. The certificate is made anew when its time runs out or a name is added. A second
// authority, clients.pem, signs certificates of machines and nothing else. A key that others than
// its owner can read is refused: it has been nobody's secret. Threads: one.
#pragma once

#include "base/time.h"
#include "crypto/certificate.h"
#include "node/config.h"
#include "node/node_directory.h"
#include "node/problem.h"
#include "runtime/tls.h"

#include <string>

namespace kith::node {

struct NodeTls {
    runtime::TlsIdentity identity;
    std::string authority_pem;  // what clients trust; empty with the owner's certificate
    std::string client_ca_pem;  // the owner's trust for client certificates, or empty
    std::string client_crl_pem;
    crypto::Identity client_authority;  // the node's own, which issues certificates to machines
    std::string fingerprint;            // SHA-256 of the leaf, hex
};

/// `kith machine add --certificate` uses it beside a running node, too.
[[nodiscard]] OrProblem<crypto::Identity> load_client_authority(const NodeConfig& config,
                                                                const NodeDirectory& data,
                                                                const std::string& host_name,
                                                                WallTime now);

[[nodiscard]] OrProblem<NodeTls> load_tls(const NodeConfig& config, const NodeDirectory& data,
                                          const std::string& host_name, WallTime now);

}  // namespace kith::node

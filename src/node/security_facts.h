// What a node knows of its own safety: its certificates, who can read its files, room on its disk.
//
// The files are looked at when somebody asks (a stat of each file in one directory).
// Threads: any.
#pragma once

#include "api/backend.h"
#include "node/certificates.h"

#include <string>
#include <vector>

namespace kith::node {

/// The server's certificate, the node's authority, the authority of clients: those that there are.
[[nodiscard]] std::vector<api::CertificateStatus> certificate_statuses(const NodeTls& tls);

/// Files of the data directory that others than its owner can reach and read, by name; "." if the
/// directory itself can be listed. A file in a directory that nobody else can enter is safe.
[[nodiscard]] std::vector<std::string> exposed_files(const std::string& directory);

struct DiskSpace {
    std::uint64_t bytes = 0;
    std::uint64_t free_bytes = 0;  // for this process
};

/// Zeroes if the system does not say.
[[nodiscard]] DiskSpace disk_space(const std::string& directory);

}  // namespace kith::node

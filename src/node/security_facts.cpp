#include "node/security_facts.h"

#include "crypto/certificate.h"

#include <algorithm>
#include <filesystem>

namespace kith::node {
namespace {

namespace fs = std::filesystem;

/// A directory of a node has a dozen files; more are somebody else's.
constexpr std::size_t kFilesMax = 1000;

constexpr fs::perms kOthersRead = fs::perms::group_read | fs::perms::others_read;
constexpr fs::perms kOthersEnter = fs::perms::group_exec | fs::perms::others_exec;

void add(std::vector<api::CertificateStatus>& list, const char* use, const std::string& pem,
         bool is_own) {
    const auto facts = crypto::read_certificate(pem);
    if (facts) {
        list.push_back({.use = use,
                        .subject = facts->subject,
                        .issuer = facts->issuer,
                        .names = facts->names,
                        .not_before = facts->not_before,
                        .not_after = facts->not_after,
                        .fingerprint = facts->fingerprint,
                        .is_own = is_own});
    }
}

}  // namespace

std::vector<api::CertificateStatus> certificate_statuses(const NodeTls& tls) {
    std::vector<api::CertificateStatus> list;
    const bool is_own = !tls.authority_pem.empty();
    add(list, "server", tls.identity.certificate_chain_pem, is_own);
    add(list, "authority", tls.authority_pem, is_own);
    add(list, "client authority", tls.client_ca_pem, false);
    add(list, "own client authority", tls.client_authority.certificate_pem, true);
    return list;
}

std::vector<std::string> exposed_files(const std::string& directory) {
    std::error_code error;
    const fs::perms of_directory = fs::status(directory, error).permissions();
    std::vector<std::string> exposed;
    if (error || (of_directory & (kOthersRead | kOthersEnter)) == fs::perms::none) {
        return exposed;
    }
    if ((of_directory & kOthersRead) != fs::perms::none) {
        exposed.emplace_back(".");
    }
    std::size_t seen = 0;
    for (fs::directory_iterator file(directory, error);
         !error && file != fs::directory_iterator() && seen < kFilesMax; file.increment(error)) {
        ++seen;
        std::error_code file_error;
        const fs::file_status status = file->symlink_status(file_error);
        if (!file_error && fs::is_regular_file(status) &&
            (status.permissions() & kOthersRead) != fs::perms::none) {
            exposed.push_back(file->path().filename());
        }
    }
    std::ranges::sort(exposed);
    return exposed;
}

DiskSpace disk_space(const std::string& directory) {
    std::error_code error;
    const fs::space_info space = fs::space(directory, error);
    return error ? DiskSpace{} : DiskSpace{.bytes = space.capacity, .free_bytes = space.available};
}

}  // namespace kith::node

#include "node/certificates.h"

#include "crypto/certificate.h"
#include "crypto/client_certificate.h"

#include <fmt/format.h>

#include <filesystem>

namespace kith::node {
namespace {

/// A private key, or why it is none: the system says who else can read it.
OrProblem<std::string> read_private_file(const std::string& path) {
    constexpr auto kOthers = std::filesystem::perms::group_read |
                             std::filesystem::perms::group_write |
                             std::filesystem::perms::others_all;
    std::error_code error;
    const auto permissions = std::filesystem::status(path, error).permissions();
    // A group that may read, and nobody else, is how Debian shares certificates' keys.
    const bool is_shared_by_group = (permissions & kOthers) == std::filesystem::perms::group_read;
    if (!error && (permissions & kOthers) != std::filesystem::perms::none && !is_shared_by_group) {
        return problem(fmt::format(
            "{}: others than its owner can read or change this key; make it private: chmod 600 {}",
            path, path));
    }
    return read_file(path);
}

OrProblem<crypto::Identity> load_or_make(const NodeDirectory& data, const std::string& name,
                                         const std::function<Result<crypto::Identity>()>& make,
                                         const std::function<bool(std::string_view)>& is_good) {
    const std::string certificate_file = data.file(name + ".pem");
    const std::string key_file = data.file(name + ".key");
    if (std::filesystem::exists(certificate_file) && std::filesystem::exists(key_file)) {
        auto certificate = read_file(certificate_file);
        auto key = read_private_file(key_file);
        if (!certificate || !key) {
            return tl::unexpected(certificate ? key.error() : certificate.error());
        }
        if (is_good(*certificate)) {
            return crypto::Identity{.certificate_pem = std::move(*certificate),
                                    .private_key_pem = std::move(*key)};
        }
    }
    Result<crypto::Identity> made = make();
    if (!made) {
        return problem(fmt::format("cannot make a TLS certificate: {}", made.error().text));
    }
    // The key first: a certificate without its key would be taken for the owner's mistake.
    for (const auto& [file, content] : {std::pair(&key_file, &made->private_key_pem),
                                        std::pair(&certificate_file, &made->certificate_pem)}) {
        if (auto written = write_private_file(*file, *content); !written) {
            return tl::unexpected(written.error());
        }
    }
    return *made;
}

/// What stands before the rest of a certificate's name, which has 64 characters in all.
std::string short_name(const NodeConfig& config, const std::string& host_name) {
    constexpr std::size_t kNodeNameBytes = 50;
    return (config.name.empty() ? host_name : config.name).substr(0, kNodeNameBytes);
}

OrProblem<NodeTls> make_own(const NodeConfig& config, const NodeDirectory& data,
                            const std::string& host_name, WallTime now) {
    const std::string node_name = short_name(config, host_name);
    auto authority = load_or_make(
        data, "ca", [&] { return crypto::make_authority(node_name, now); },
        [](std::string_view pem) { return crypto::read_certificate(pem).has_value(); });
    if (!authority) {
        return tl::unexpected(authority.error());
    }
    const std::vector<std::string> names = crypto::server_names(host_name, config.names);
    auto server = load_or_make(
        data, "node", [&] { return crypto::issue_server_certificate(*authority, names, now); },
        [&](std::string_view pem) {
            const auto facts = crypto::read_certificate(pem);
            return facts && !crypto::needs_renewal(*facts, names, now);
        });
    if (!server) {
        return tl::unexpected(server.error());
    }
    return NodeTls{.identity = {.certificate_chain_pem = server->certificate_pem,
                                .private_key_pem = server->private_key_pem},
                   .authority_pem = authority->certificate_pem,
                   .client_ca_pem = {},
                   .fingerprint = {}};
}

OrProblem<NodeTls> load_given(const NodeConfig& config) {
    auto certificate = read_file(config.tls_certificate_file);
    if (!certificate) {
        return tl::unexpected(certificate.error());
    }
    auto key = read_private_file(config.tls_key_file);
    if (!key) {
        return tl::unexpected(key.error());
    }
    return NodeTls{.identity = {.certificate_chain_pem = std::move(*certificate),
                                .private_key_pem = std::move(*key)},
                   .authority_pem = {},
                   .client_ca_pem = {},
                   .fingerprint = {}};
}

}  // namespace

OrProblem<crypto::Identity> load_client_authority(const NodeConfig& config,
                                                  const NodeDirectory& data,
                                                  const std::string& host_name, WallTime now) {
    return load_or_make(
        data, "clients",
        [&] { return crypto::make_client_authority(short_name(config, host_name), now); },
        [](std::string_view pem) { return crypto::read_certificate(pem).has_value(); });
}

OrProblem<NodeTls> load_tls(const NodeConfig& config, const NodeDirectory& data,
                            const std::string& host_name, WallTime now) {
    auto tls = config.tls_certificate_file.empty() ? make_own(config, data, host_name, now)
                                                   : load_given(config);
    if (!tls) {
        return tls;
    }
    if (!config.tls_client_ca_file.empty()) {
        auto client_ca = read_file(config.tls_client_ca_file);
        if (!client_ca) {
            return tl::unexpected(client_ca.error());
        }
        tls->client_ca_pem = std::move(*client_ca);
    }
    if (!config.tls_client_crl_file.empty()) {
        auto list = read_file(config.tls_client_crl_file);
        if (!list) {
            return tl::unexpected(list.error());
        }
        tls->client_crl_pem = std::move(*list);
    }
    auto client_authority = load_client_authority(config, data, host_name, now);
    if (!client_authority) {
        return tl::unexpected(client_authority.error());
    }
    tls->client_authority = std::move(*client_authority);
    if (const auto facts = crypto::read_certificate(tls->identity.certificate_chain_pem)) {
        tls->fingerprint = facts->fingerprint;
    }
    return tls;
}

}  // namespace kith::node

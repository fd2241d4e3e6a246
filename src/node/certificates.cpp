#include "node/certificates.h"

#include "crypto/certificate.h"

#include <fmt/format.h>

#include <filesystem>

namespace kith::node {
namespace {

OrProblem<crypto::Identity> load_or_make(const NodeDirectory& data, const std::string& name,
                                         const std::function<Result<crypto::Identity>()>& make,
                                         const std::function<bool(std::string_view)>& is_good) {
    const std::string certificate_file = data.file(name + ".pem");
    const std::string key_file = data.file(name + ".key");
    if (std::filesystem::exists(certificate_file) && std::filesystem::exists(key_file)) {
        auto certificate = read_file(certificate_file);
        auto key = read_file(key_file);
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

OrProblem<NodeTls> make_own(const NodeConfig& config, const NodeDirectory& data,
                            const std::string& host_name, WallTime now) {
    const std::string node_name = config.name.empty() ? host_name : config.name;
    auto authority = load_or_make(
        data, "ca", [&] { return crypto::make_authority(node_name.substr(0, 60), now); },
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
    auto key = read_file(config.tls_key_file);
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
    if (const auto facts = crypto::read_certificate(tls->identity.certificate_chain_pem)) {
        tls->fingerprint = facts->fingerprint;
    }
    return tls;
}

}  // namespace kith::node

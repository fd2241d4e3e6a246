#include "node/config_keys.h"

#include "node/detail/broker_keys.h"
#include "node/detail/key_kinds.h"
#include "node/detail/mesh_keys.h"
#include "runtime/address_range.h"

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace kith::node {
namespace {

constexpr std::pair<std::string_view, LogLevel> kLogLevels[] = {
    {"trace", LogLevel::Trace}, {"debug", LogLevel::Debug}, {"info", LogLevel::Info},
    {"warn", LogLevel::Warn},   {"error", LogLevel::Error}, {"off", LogLevel::Off}};

ConfigKey log_level_key() {
    return {.name = "log.level",
            .expected = R"("trace", "debug", "info", "warn", "error" or "off")",
            .summary = "The least important lines that are logged.",
            .is_reloadable = true,
            .set =
                [](NodeConfig& config, const ConfigValue& value) {
                    for (const auto& [text, level] : kLogLevels) {
                        if (value.type == KeyType::Text && value.text == text) {
                            config.log_level = level;
                            return true;
                        }
                    }
                    return false;
                },
            .show = [](const NodeConfig& config) { return quoted(to_string(config.log_level)); }};
}

ConfigKey log_format_key() {
    return {.name = "log.format",
            .expected = R"("text" or "json")",
            .summary = "How a line looks: for people, or one JSON object a line.",
            .set =
                [](NodeConfig& config, const ConfigValue& value) {
                    config.log_format = value.text == "json" ? LogFormat::Json : LogFormat::Text;
                    return value.text == "json" || value.text == "text";
                },
            .show =
                [](const NodeConfig& config) {
                    return quoted(config.log_format == LogFormat::Json ? "json" : "text");
                }};
}

constexpr Choice<bool> kProxyChoices[] = {{"off", false}, {"required", true}};
constexpr Choice<access::CertificateName> kCertificateNames[] = {
    {"off", access::CertificateName::Off},
    {"cn", access::CertificateName::CommonName},
    {"san_dns", access::CertificateName::DnsName},
    {"san_uri", access::CertificateName::UriName}};

bool is_any_text(const std::string&) {
    return true;
}

bool is_address_range(const std::string& text) {
    return runtime::AddressRange::parse(text).has_value();
}

void add_node_keys(std::vector<ConfigKey>& keys) {
    keys.push_back(text_key("name", "text", "The node's name, as people see it. Empty: the host's.",
                            MEMBER(name)));
    keys.push_back(
        text_key("data", "a directory",
                 "Where the node keeps everything; made with mode 0700 if it is missing.",
                 MEMBER(data_directory)));
    keys.push_back(list_key(
        {"names", "a list of host names and addresses",
         "Names by which the node is reached, besides localhost and the host's own: HTTP answers "
         "to these, and its certificate is made for them."},
        &is_any_text, MEMBER(names)));
    keys.push_back(
        integer_key({"workers", "0 to 64",
                     "Shards, each a thread with its own share of the clients. 0: one a core, "
                     "4 at most."},
                    {0, 64}, MEMBER(workers)));
    keys.push_back(log_level_key());
    keys.push_back(log_format_key());
    keys.push_back(text_key("backup.directory", "a directory",
                            "Where backups that are asked for over HTTP are kept; made with mode "
                            "0700 if it is missing. Empty: `backups` in the data directory.",
                            MEMBER(backup_directory)));
    keys.push_back(
        integer_key({"backup.kept", "1 to 1000", "So many of them are kept; the oldest make room."},
                    {1, 1000}, MEMBER(backups_kept)));
}

void add_listener_keys(std::vector<ConfigKey>& keys) {
    keys.push_back(address_key("mqtt.address", "MQTT over TCP.", MEMBER(mqtt.address)));
    keys.push_back(boolean_key("mqtt.insecure",
                               "Allow mqtt.address to be reached from other hosts, without TLS.",
                               MEMBER(mqtt.insecure)));
    keys.push_back(boolean_key("mqtt.anonymous",
                               "Let clients on this host connect over raw TCP without credentials.",
                               MEMBER(anonymous)));
    keys.push_back(address_key("mqtts.address", "MQTT over TLS.", MEMBER(mqtts.address)));
    keys.push_back(address_key("http.address", "Console, API and MQTT over WebSocket (/mqtt).",
                               MEMBER(http.address)));
    keys.push_back(boolean_key("http.insecure",
                               "Serve other hosts without TLS; passwords then travel in the clear.",
                               MEMBER(http.insecure)));
    keys.push_back(text_key("tls.certificate", "a PEM file",
                            "Certificate chain, leaf first. Empty: the node makes its own.",
                            MEMBER(tls_certificate_file)));
    keys.push_back(
        text_key("tls.key", "a PEM file", "The certificate's private key.", MEMBER(tls_key_file)));
    keys.push_back(text_key("tls.client_ca", "a PEM file",
                            "Authorities whose client certificates are believed, beside the "
                            "node's own.",
                            MEMBER(tls_client_ca_file)));
    keys.push_back(text_key("tls.client_crl", "a PEM file",
                            "Revoked certificates of tls.client_ca: a list of each authority in "
                            "it, or none of its certificates is believed.",
                            MEMBER(tls_client_crl_file)));
}

void add_proxy_keys(std::vector<ConfigKey>& keys) {
    const auto add = [&keys](std::string_view name, auto member) {
        keys.push_back(choice_key({name, R"("off" or "required")",
                                   "Connections begin with a header of the PROXY protocol, version "
                                   "1 or 2, and come from proxy.trusted; others are refused."},
                                  kProxyChoices, member));
    };
    add("mqtt.proxy_protocol", MEMBER(mqtt.proxy_protocol));
    add("mqtts.proxy_protocol", MEMBER(mqtts.proxy_protocol));
    add("http.proxy_protocol", MEMBER(http.proxy_protocol));
    keys.push_back(list_key({"proxy.trusted", R"(a list of addresses and ranges, "10.0.0.0/8")",
                             "Proxies that are believed: their PROXY headers, and over HTTP their "
                             "Forwarded and X-Forwarded-For."},
                            &is_address_range, MEMBER(proxy_trusted)));
}

void add_access_keys(std::vector<ConfigKey>& keys) {
    keys.push_back(
        choice_key({"access.certificate_machine", R"("cn", "san_dns", "san_uri" or "off")",
                    "What in a certificate of tls.client_ca names the machine. \"off\": "
                    "only certificates that were mapped one by one are let in."},
                   kCertificateNames, MEMBER(certificate_machine)));
    keys.push_back(text_key("access.jwks_file", "a file",
                            "A JWK set with the keys that sign JSON web tokens; read again when it "
                            "changes. Empty: such tokens open nothing.",
                            MEMBER(jwks_file)));
    keys.push_back(text_key("access.jwt_issuer", "text", "What `iss` in such a token must be.",
                            MEMBER(jwt_issuer)));
    keys.push_back(text_key("access.jwt_audience", "text",
                            "What `aud` in such a token must be, or contain.",
                            MEMBER(jwt_audience)));
    keys.push_back(text_key("access.jwt_machine_claim", "a claim",
                            "The claim that names the machine of a token with the role machine.",
                            MEMBER(jwt_machine_claim)));
}

constexpr Choice<broker::DeniedPublish> kDeniedPublish[] = {
    {"drop", broker::DeniedPublish::Drop}, {"disconnect", broker::DeniedPublish::Disconnect}};

void add_role_keys(std::vector<ConfigKey>& keys) {
    ConfigKey file = text_key("access.acl_file", "a file",
                              "Topic roles: a line \"role NAME\", then its rules, and so on. They "
                              "stand before those of the same name that were made otherwise.",
                              MEMBER(acl_file));
    file.is_reloadable = true;
    keys.push_back(std::move(file));
    ConfigKey denied = choice_key({"access.denied_publish", R"("drop" or "disconnect")",
                                   "What becomes of a client that publishes what its roles do not "
                                   "allow: its message is dropped, or its connection ends."},
                                  kDeniedPublish, MEMBER(broker.denied_publish));
    denied.is_reloadable = true;
    keys.push_back(std::move(denied));
}

}  // namespace

std::span<const ConfigKey> config_keys() {
    // Made once, at first use: the table is constant and has no order of initialisation to fear.
    static const std::vector<ConfigKey> keys = [] {
        std::vector<ConfigKey> all;
        add_node_keys(all);
        add_listener_keys(all);
        add_proxy_keys(all);
        add_access_keys(all);
        add_role_keys(all);
        add_mesh_keys(all);
        add_broker_keys(all);
        return all;
    }();
    return keys;
}

}  // namespace kith::node

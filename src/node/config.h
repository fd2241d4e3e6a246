// What a node can be told: one struct, one table of keys, three ways to set them.
//
// A key is set by its default, the TOML file, or the command line (flags and --set), in this order;
// the last one wins. The table (config_keys.h) knows each key's meaning, range and default, and
// makes the reference in docs/reference/configuration.md. A wrong file is refused as a whole, with
// file, line, key and what was expected. Threads: immutable after loading.
#pragma once

#include "access/certificate_name.h"
#include "base/log.h"
#include "base/time.h"
#include "broker/options.h"
#include "node/problem.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kith::node {

enum class LogFormat : std::uint8_t { Text, Json };

/// How soon a silent neighbour is noticed, and what an idle link costs.
enum class MeshProfile : std::uint8_t { Fast, Normal, Frugal };

/// A node is in the mesh once it is a member; until then nothing of this is used.
struct MeshConfig {
    std::string address = "0.0.0.0:7883";  // "off": no mesh at all
    std::vector<std::string> peers;        // HOST:PORT
    /// Where other nodes may have this one connect to: mesh/live/forward_rules.h.
    std::vector<std::string> forward_allow;
    MeshProfile profile = MeshProfile::Normal;
    bool discovery = true;  // say on the network that this node is there, and hear others
    bool mdns = true;       // also by multicast DNS
    bool announce_unpaired = false;
    // What waits for nodes that cannot be reached: mesh/options.h.
    std::size_t spool_memory_bytes_max = 64U << 20U;
    std::size_t spool_disk_bytes_max = 1U << 30U;
    std::size_t spool_messages_max = 250'000;
    Duration partition_ttl = 24h;

    [[nodiscard]] bool is_on() const { return address != "off"; }
};

/// One listening address; empty when it is off.
struct ListenerConfig {
    std::string address;
    bool insecure = false;        // off loopback without TLS or credentials, on the owner's word
    bool proxy_protocol = false;  // every connection begins with a header of the PROXY protocol

    [[nodiscard]] bool is_on() const { return address != "off"; }
};

struct NodeConfig {
    std::string name;  // empty: the host's name
    std::string data_directory = "data";
    std::string backup_directory;  // empty: in the data directory
    std::uint32_t backups_kept = 3;
    std::uint32_t workers = 0;  // 0: as many as there are cores, 4 at most
    LogLevel log_level = LogLevel::Info;
    LogFormat log_format = LogFormat::Text;

    ListenerConfig mqtt{.address = "127.0.0.1:1883"};
    ListenerConfig mqtts{.address = "127.0.0.1:8883"};
    ListenerConfig http{.address = "127.0.0.1:8080"};
    bool anonymous = true;  // raw MQTT from loopback needs no credentials

    std::string tls_certificate_file;  // empty: the node makes its own in the data directory
    std::string tls_key_file;
    std::string tls_client_ca_file;   // empty: certificates of the node's own authority only
    std::string tls_client_crl_file;  // revoked ones of that authority; empty: none are
    std::vector<std::string> names;   // host names and addresses it is reached by, besides its own

    std::vector<std::string> proxy_trusted;  // ranges of addresses of proxies

    access::CertificateName certificate_machine = access::CertificateName::CommonName;
    std::string jwks_file;  // empty: JSON web tokens open nothing
    std::string jwt_issuer;
    std::string jwt_audience;
    std::string jwt_machine_claim = "sub";
    std::string acl_file;  // of topic roles, beside those of the store; empty: none

    MeshConfig mesh;

    broker::BrokerOptions broker = broker_defaults();

    /// Those of the broker, but for what only a node knows how to choose: 0 is a share of the
    /// memory.
    [[nodiscard]] static broker::BrokerOptions broker_defaults() {
        return {.queued_bytes_max = 0, .address_failed_connects_per_min_max = 600};
    }
};

/// One "key=value" of the command line.
struct ConfigOverride {
    std::string key;
    std::string value;
    std::string source;  // "--mqtt", "--set"
};

struct ConfigSources {
    std::string file;  // empty: none
    std::vector<ConfigOverride> overrides;
};

/// Problems read "kith.toml:7: mqtt.packet_bytes_max: expected 1024 to 268435455, got -1".
[[nodiscard]] OrProblem<NodeConfig> load_config(const ConfigSources& sources);

/// The configuration as TOML, every key with its comment and its value: what `kith config
/// reference` prints for the defaults, and `kith config show` for a file.
[[nodiscard]] std::string to_toml(const NodeConfig& config);
/// The same as a table in Markdown.
[[nodiscard]] std::string reference_markdown();

}  // namespace kith::node

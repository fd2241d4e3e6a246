#include "node/detail/mesh_keys.h"

#include "mesh/live/forward_rules.h"
#include "mesh/live/limits.h"
#include "node/detail/key_kinds.h"
#include "runtime/resolve.h"

#include <charconv>
#include <cstdint>
#include <string>

namespace kith::node {
namespace {

constexpr Choice<MeshProfile> kProfiles[] = {
    {"fast", MeshProfile::Fast}, {"normal", MeshProfile::Normal}, {"frugal", MeshProfile::Frugal}};

/// A host and a port that can be dialled, or a service of the DNS; whether there is such a host
/// shows when it is.
bool is_peer(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0 ||
        text.find_first_of(" \t\"\\/") != std::string::npos) {
        return false;
    }
    if (text.starts_with(runtime::kServicePrefix)) {
        return text.size() > runtime::kServicePrefix.size() &&
               colon + 1 == runtime::kServicePrefix.size();
    }
    std::uint16_t port = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
    return parsed.ec == std::errc() && parsed.ptr == end && port != 0;
}

ConfigKey peers_key() {
    ConfigKey key =
        list_key({"mesh.peers", R"(a list of "HOST:PORT" or "dns-srv:NAME", 64 at most)",
                  "Nodes of the mesh that this one dials, for ever; the flag --peer adds one. Of a "
                  "service in the DNS (SRV) it links to the first that answers."},
                 &is_peer, MEMBER(mesh.peers));
    const auto set = key.set;
    key.set = [set](NodeConfig& config, const ConfigValue& value) {
        return set(config, value) && config.mesh.peers.size() <= mesh::kStaticPeersMax;
    };
    return key;
}

bool is_forward_rule(const std::string& text) {
    return mesh::ForwardRules::is_rule(text);
}

ConfigKey forward_allow_key() {
    ConfigKey key =
        list_key({"mesh.forward_allow", R"(a list of "HOST:PORT" or "NODE@HOST:PORT", 256 at most)",
                  "Services to which other nodes may have this one connect (kith mesh forward): "
                  "all members, or the one with this id. HOST is compared as it is asked for; HOST "
                  "and PORT may be \"*\". Empty: none."},
                 &is_forward_rule, MEMBER(mesh.forward_allow));
    const auto set = key.set;
    key.set = [set](NodeConfig& config, const ConfigValue& value) {
        return set(config, value) && config.mesh.forward_allow.size() <= mesh::kForwardRulesMax;
    };
    return key;
}

}  // namespace

void add_mesh_keys(std::vector<ConfigKey>& keys) {
    keys.push_back(address_key("mesh.address",
                               "Where other nodes of the mesh link up, over TLS with certificates "
                               "of the mesh. Opened once this node is a member.",
                               MEMBER(mesh.address)));
    keys.push_back(peers_key());
    keys.push_back(forward_allow_key());
    keys.push_back(
        choice_key({"mesh.profile", R"("fast", "normal" or "frugal")",
                    "How soon a silent neighbour is noticed while nothing else is sent: 320 ms, "
                    "1.6 s or 16 s; the sooner, the more an idle link costs."},
                   kProfiles, MEMBER(mesh.profile)));
    keys.push_back(
        boolean_key("mesh.discovery",
                    "Find members of the mesh on the network, and be found: by beacons, "
                    "UDP port 7883, that do not leave it. A node that belongs to no mesh, "
                    "or listens on loopback alone, says nothing.",
                    MEMBER(mesh.discovery)));
    keys.push_back(boolean_key("mesh.mdns",
                               "With mesh.discovery, also by multicast DNS: _kith._tcp, and "
                               "_mqtt._tcp and _secure-mqtt._tcp where those are not on loopback.",
                               MEMBER(mesh.mdns)));
    keys.push_back(boolean_key("mesh.announce_unpaired",
                               "While this node belongs to no mesh, say on the network that it is "
                               "there and unpaired. It exchanges nothing.",
                               MEMBER(mesh.announce_unpaired)));
    keys.push_back(integer_key(
        {"mesh.spool_memory_bytes_max", "0 to 1099511627776, or \"64MiB\"",
         "Content in memory that waits for nodes that cannot be reached; more is on disk alone, "
         "until they can."},
        {0, 1'099'511'627'776}, MEMBER(mesh.spool_memory_bytes_max)));
    keys.push_back(integer_key({"mesh.spool_disk_bytes_max", "0 to 1099511627776, or \"1GiB\"",
                                "What is on disk alone of it; beyond that, what has least time "
                                "left is dropped and counted as spool_full."},
                               {0, 1'099'511'627'776}, MEMBER(mesh.spool_disk_bytes_max)));
    keys.push_back(integer_key({"mesh.spool_messages_max", "0 to 100000000",
                                "The same in messages, whichever comes first; each takes about "
                                "half a KiB of memory."},
                               {0, 100'000'000}, MEMBER(mesh.spool_messages_max)));
    keys.push_back(duration_key({"mesh.partition_ttl", "\"1s\" to \"8760h\"",
                                 "What waited for so long for a node that cannot be reached is "
                                 "dropped and counted as too_old; counted anew from a restart."},
                                {1s, std::chrono::hours(8760)}, MEMBER(mesh.partition_ttl)));
}

}  // namespace kith::node

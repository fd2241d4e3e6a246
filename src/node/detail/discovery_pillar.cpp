#include "node/detail/discovery_pillar.h"

#include "mesh/trust/authority.h"
#include "node/detail/run_on.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace kith::node {
namespace {

bool is_told(const std::optional<runtime::SocketAddress>& address) {
    return address && !address->is_loopback();
}

}  // namespace

bool DiscoveryPillar::is_unpaired() const {
    const MeshConfig& config = ground_.config.mesh;
    return !mesh_.is_on() && config.is_on() && config.announce_unpaired;
}

OrProblem<void> DiscoveryPillar::start() {
    if (!ground_.config.mesh.discovery) {
        return {};
    }
    run_on(ground_.home(), [this](runtime::Shard& here) {
        mesh_.when_on([this, &here] {
            end();
            begin(here);
        });
        begin(here);
        return true;
    });
    return {};
}

void DiscoveryPillar::announce(const Node::Addresses& addresses) {
    run_on(ground_.home(), [this, &addresses](runtime::Shard& here) {
        addresses_ = addresses;
        begin_mdns(here);
        return true;
    });
}

void DiscoveryPillar::begin(runtime::Shard& here) {
    if (mesh_.is_on()) {
        if (!mesh_.host().is_started()) {
            return;  // when_on() calls again
        }
        beacons_ = std::make_unique<mesh::DiscoveryHost>(
            here, mesh_.key(), &mesh_.host(),
            mesh::DiscoveryHost::Options{.mesh = mesh_.mesh_id().value(),
                                         .epoch = mesh_.epoch(),
                                         .members = &mesh_.trust().members()});
    } else if (is_unpaired()) {
        passing_key_ = mesh::NodeKey::generate(ground_.secrets);
        beacons_ = std::make_unique<mesh::DiscoveryHost>(here, *passing_key_, nullptr,
                                                         mesh::DiscoveryHost::Options{});
    } else {
        return;
    }
    beacons_->start();
    begin_mdns(here);
}

void DiscoveryPillar::begin_mdns(runtime::Shard& here) {
    if (beacons_ == nullptr || !addresses_ || !ground_.config.mesh.mdns) {
        return;
    }
    const mesh::MdnsOptions options = mdns_options();
    std::vector<runtime::SocketAddress> listening;
    for (const auto& address : {mesh_address(), addresses_->mqtt, addresses_->mqtts}) {
        if (is_told(address)) {
            listening.push_back(*address);
        }
    }
    if (!options.services.empty()) {
        mdns_ = std::make_unique<mesh::MdnsHost>(here, options, std::move(listening), *beacons_);
        mdns_->start();
    }
}

void DiscoveryPillar::end() {
    if (mdns_ != nullptr) {
        mdns_->stop();
    }
    if (beacons_ != nullptr) {
        beacons_->stop();
    }
    mdns_.reset();
    beacons_.reset();
}

/// Of a node without a mesh: where it will be once there is one.
std::optional<runtime::SocketAddress> DiscoveryPillar::mesh_address() const {
    if (mesh_.is_on()) {
        return mesh_.host().address();
    }
    const auto configured = runtime::SocketAddress::parse(ground_.config.mesh.address);
    return configured && configured->port() != 0 ? std::optional(*configured) : std::nullopt;
}

/// RFC 6763, 6: what a browser shows beside the name.
mesh::MdnsOptions DiscoveryPillar::mdns_options() const {
    const bool is_member = mesh_.is_on();
    const mesh::NodeId self = is_member ? mesh_.trust().self() : passing_key_->id();
    const std::string id = mesh::node_name_of(self);
    mesh::MdnsOptions options{.self = self,
                              .instance = is_member ? mesh_.membership().name : ground_.name,
                              .host = "kith-" + id,
                              .mesh = {},
                              .services = {}};
    mesh::MdnsService node{
        .type = "_kith._tcp", .subtypes = {}, .port = 0, .texts = {"v=1", "id=" + id}};
    const auto address = mesh_address();
    if (is_told(address)) {
        node.port = address->port();
    }
    if (is_member) {
        options.mesh = mesh::mesh_name_of(mesh_.mesh_id());
        node.subtypes = {"_" + options.mesh};
        node.texts.push_back("mesh=" + options.mesh);
        node.texts.push_back(mesh_.is_leaf() ? "role=leaf" : "role=router");
        node.texts.push_back(fmt::format("epoch={}", mesh_.epoch()));
    } else {
        node.texts.push_back("unpaired=1");
    }
    if (node.port != 0) {
        options.services.push_back(std::move(node));
    }
    const auto add = [&options, &id](const char* type,
                                     const std::optional<runtime::SocketAddress>& port) {
        if (is_told(port)) {
            options.services.push_back(
                {.type = type, .subtypes = {}, .port = port->port(), .texts = {"id=" + id}});
        }
    };
    add("_mqtt._tcp", addresses_->mqtt);
    add("_secure-mqtt._tcp", addresses_->mqtts);
    return options;
}

void DiscoveryPillar::drain() {
    run_on(ground_.home(), [this](runtime::Shard&) {
        mesh_.when_on({});
        end();
        return true;
    });
}

void DiscoveryPillar::finish() {
    mdns_.reset();
    beacons_.reset();
}

api::MeshDiscoveryFacts DiscoveryPillar::facts() const {
    api::MeshDiscoveryFacts facts;
    if (beacons_ == nullptr) {
        return facts;
    }
    const mesh::DiscoveryView view = beacons_->view();
    facts.says_beacons = view.is_on;
    facts.says_mdns = mdns_ != nullptr && mdns_->is_on();
    facts.heard = view.heard;
    facts.candidates = view.candidates;
    const mesh::DiscoveryCounters& counters = view.counters;
    for (std::size_t i = 0; i < mesh::kBeaconVerdictCount; ++i) {
        facts.beacons.emplace_back(to_string(static_cast<mesh::BeaconVerdict>(i)),
                                   counters.beacons[i]);
    }
    facts.events = {
        {"beacon_sent", counters.beacons_sent}, {"beacon_withheld", counters.beacons_withheld},
        {"beacon_unsent", view.beacons_unsent}, {"stranger", counters.strangers},
        {"view_full", counters.view_full},      {"dialled", counters.dials},
        {"dial_failed", counters.dials_failed}, {"given_up", counters.given_up}};
    if (mdns_ != nullptr) {
        const mesh::MdnsCounters& mdns = mdns_->counters();
        facts.events.insert(facts.events.end(), {{"mdns_query", mdns.queries},
                                                 {"mdns_response", mdns.responses},
                                                 {"mdns_malformed", mdns.malformed},
                                                 {"mdns_sent", mdns.sent},
                                                 {"mdns_suppressed", mdns.suppressed},
                                                 {"mdns_conflict", mdns.conflicts},
                                                 {"mdns_found", mdns.found}});
    }
    return facts;
}

}  // namespace kith::node

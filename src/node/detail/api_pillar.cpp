#include "node/detail/api_pillar.h"

#include "base/version.h"
#include "node/console_files.h"
#include "node/detail/mesh_view.h"
#include "node/process_facts.h"
#include "node/proxy_gate.h"
#include "node/security_facts.h"

#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace kith::node {
namespace {

/// "10.0.0.3" of "10.0.0.3:5123".
std::string host_of(std::string_view address) {
    const auto parsed = runtime::SocketAddress::parse(address);
    return parsed ? parsed->host_to_string() : std::string(address);
}

std::uint64_t ticks_us() {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                          std::chrono::steady_clock::now().time_since_epoch())
                                          .count());
}

}  // namespace

OrProblem<void> ApiPillar::prepare() {
    console_ = console_files();
    make_backend();
    make_server();
    hear_events();
    return {};
}

void ApiPillar::make_backend() {
    std::vector<const LoopProbe*> probe_list;
    for (std::uint16_t i = 0; i < on_.ground.shards->size(); ++i) {
        probes_.push_back(std::make_unique<LoopProbe>(on_.ground.shard(i)));
        probe_list.push_back(probes_.back().get());
    }
    const NodeDirectory& data = on_.ground.data;
    mesh_office_pool_ = runtime::make_blocking_pool(1);
    mesh_office_ = std::make_unique<MeshOffice>(
        on_.ground.home(), *mesh_office_pool_,
        MeshOfficeParts{.data_directory = data.path(),
                        .addresses = [this] { return on_.mesh.addresses_for_others(); },
                        .on_changed = [this] { on_.mesh.look_at_files(); }});
    backend_ = std::make_unique<BrokerBackend>(BackendParts{
        .shard = on_.ground.home(),
        .broker = *on_.broker.broker,
        .journal = *on_.broker.journal,
        .events = on_.ground.events,
        .store_files = {data.file("messages.db"), data.file("messages.db-wal"),
                        data.file("control.db"), data.file("control.db-wal")},
        .data_directory = data.path(),
        .credentials =
            [this](runtime::Shard& here) { return on_.access.credential_counters(here); },
        .probes = probe_list,
        .mesh =
            [this](const api::MeshWanted& wanted) {
                api::MeshFacts facts = mesh_facts(on_.mesh, wanted);
                facts.discovery = on_.discovery.facts();
                return facts;
            }});
}

void ApiPillar::make_server() {
    AccessPillar& access = on_.access;
    std::vector<std::string> hosts = on_.ground.config.names;
    hosts.push_back(on_.ground.host);
    server_ = std::make_unique<api::ApiServer>(
        api::ApiParts{
            .shard = on_.ground.home(),
            .backend = *backend_,
            .registry = *access.registry,
            .sign_in = *access.sign_in,
            .accounts = *access.accounts,
            .passwords = *access.passwords,
            .sessions = *access.sessions,
            .certificates = *access.certificates,
            .authenticator = *access.token_authenticators.front(),
            .accept_mqtt =
                [this](std::unique_ptr<runtime::Stream> stream, broker::AcceptOptions options) {
                    on_.broker.broker->shard(ShardId(0))
                        .accept(std::move(stream), std::move(options));
                },
            .ticks_us = ticks_us,
            .backups = *on_.backups.keeper,
            .mesh_office = *mesh_office_,
            .open_mesh_forward =
                [this](const std::string& to, auto done) {
                    if (on_.mesh.is_on()) {
                        on_.mesh.forwarding().open(to, std::move(done));
                    } else {
                        done(tl::unexpected(
                            api::MeshForwardRefusal{.kind = api::MeshForwardRefusal::Kind::Off,
                                                    .text = on_.mesh.off_reason()}));
                    }
                }},
        api::ApiOptions{.hosts = hosts,
                        .ca_pem = on_.ground.tls.authority_pem,
                        .assets = console_,
                        .proxies = address_ranges(on_.ground.config.proxy_trusted)});
}

void ApiPillar::hear_events() {
    on_.ground.events.set_listener([this](const NodeEvent& event) {
        if (event.kind == "store_degraded" || event.kind == "store_healthy") {
            backend_->set_store_state(event.kind == "store_healthy", event.reason);
        }
        if (event.is_sign_in) {
            on_.access.registry->note_refused({.who = "client:" + event.client_id,
                                               .from_address = host_of(event.address),
                                               .why = event.reason});
        }
        server_->on_event(to_api_event(event));
    });
}

OrProblem<void> ApiPillar::start() {
    on_.ground.at_home([this] { server_->start(); });
    on_.ground.on_each_shard([this](runtime::Shard&, std::uint16_t i) { probes_[i]->start(); });
    return {};
}

void ApiPillar::show_ready(const std::vector<api::ListenerFacts>& listeners) {
    on_.ground.at_home([&] {
        backend_->set_facts(facts(listeners));
        show_security();
        backend_->set_ready();
    });
}

/// On the first shard.
void ApiPillar::show_security() {
    backend_->set_security({.certificates = certificate_statuses(on_.ground.tls),
                            .exposed_files = {},
                            .log_level = std::string(to_string(on_.ground.config.log_level))});
}

api::NodeFacts ApiPillar::facts(const std::vector<api::ListenerFacts>& listeners) const {
    api::NodeFacts facts{.name = on_.ground.name,
                         .version = std::string(version()),
                         .started_at = wall_now(),
                         .shard_count = on_.ground.shards->size(),
                         .process_id = ::getpid(),
                         .listeners = listeners,
                         .hosts = on_.ground.config.names,
                         .limits = {}};
    facts.recovery_ms = on_.broker.recovery_ms;
    facts.hosts.push_back(on_.ground.host);
    const broker::BrokerOptions& options = on_.ground.config.broker;
    facts.limits = {{"packet_bytes_max", options.packet_bytes_max},
                    {"connections_max", options.connections_max},
                    {"sessions_max", options.sessions_max},
                    {"session_queue_messages_max", options.session_queue_messages_max},
                    {"session_queue_bytes_max", options.session_queue_bytes_max},
                    {"retained_messages_max", options.retained_messages_max},
                    {"subscriptions_per_session_max", options.subscriptions_per_session_max}};
    return facts;
}

OrProblem<TakeUp> ApiPillar::reload(const Renewal&) {
    return TakeUp([this] { on_.ground.at_home([this] { show_security(); }); });
}

void ApiPillar::drain() {
    on_.ground.at_home([this] { server_->drain(); });
}

}  // namespace kith::node

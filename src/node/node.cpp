#include "node/node.h"

#include "access/accounts.h"
#include "access/certificate_office.h"
#include "access/client_authenticator.h"
#include "access/machine_desk.h"
#include "access/password_desk.h"
#include "access/registry.h"
#include "access/role_authorizer.h"
#include "access/session_book.h"
#include "access/sign_in.h"
#include "access/token_authenticator.h"
#include "api/server.h"
#include "base/version.h"
#include "broker/broker.h"
#include "crypto/secrets.h"
#include "node/backup_keeper.h"
#include "node/backup_service.h"
#include "node/broker_backend.h"
#include "node/certificates.h"
#include "node/console_files.h"
#include "node/detail/run_on.h"
#include "node/event_log.h"
#include "node/http_listener.h"
#include "node/jwks_keeper.h"
#include "node/listen_rules.h"
#include "node/mqtt_listener.h"
#include "node/node_directory.h"
#include "node/process_facts.h"
#include "node/role_file.h"
#include "node/security_facts.h"
#include "runtime/gather.h"
#include "runtime/shard_group.h"
#include "storage/sqlite/sqlite_stores.h"
#include "storage/writer_journal.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace kith::node {
namespace {

/// How long clients may take to hear that the node goes away.
constexpr auto kDrainTime = std::chrono::seconds(2);
constexpr std::uint16_t kWorkersDefaultMax = 4;

std::string host_name() {
    char name[256] = {};
    return ::gethostname(name, sizeof(name) - 1) == 0 ? std::string(name) : std::string("kith");
}

WallTime wall_now() {
    return WallTime::from_ms(std::chrono::duration_cast<std::chrono::milliseconds>(
                                 std::chrono::system_clock::now().time_since_epoch())
                                 .count());
}

/// "10.0.0.3" of "10.0.0.3:5123".
std::string host_of(std::string_view address) {
    const auto parsed = runtime::SocketAddress::parse(address);
    return parsed ? parsed->host_to_string() : std::string(address);
}

std::uint16_t worker_count(const NodeConfig& config) {
    if (config.workers != 0) {
        return static_cast<std::uint16_t>(config.workers);
    }
    return static_cast<std::uint16_t>(std::min<unsigned>(core_count(), kWorkersDefaultMax));
}

/// Half the cores for passwords of clients, 32 MiB each while they hash.
std::size_t client_hash_threads() {
    return std::clamp(core_count() / 2, 1U, 4U);
}

/// A quarter of what the node may use, where nobody says.
std::size_t queued_bytes_max(const NodeConfig& config) {
    constexpr std::uint64_t kMin = 16ULL * 1024 * 1024;
    constexpr std::uint64_t kMax = 8ULL * 1024 * 1024 * 1024;
    return config.broker.queued_bytes_max != 0 ? config.broker.queued_bytes_max
                                               : std::clamp(memory_bytes() / 4, kMin, kMax);
}

std::string explain(std::string_view what, const Error& error) {
    return error.kind == ErrorKind::Io && error.code != 0
               ? fmt::format("{}: {} ({})", what, error.text, std::strerror(error.code))
               : fmt::format("{}: {}", what, error.text);
}

/// Whether TLS asks clients for certificates: MQTT does; a browser would only ask people for one.
enum class AsksClients : bool { No, Yes };

OrProblem<std::shared_ptr<runtime::TlsContext>> make_tls(const NodeConfig& config,
                                                         const NodeTls& tls,
                                                         AsksClients asks_clients) {
    const char* alpn = asks_clients == AsksClients::Yes ? "mqtt" : "http/1.1";
    auto context = runtime::TlsContext::server(
        {.identities = {tls.identity},
         .alpn = {alpn},
         .client_certificates = asks_clients == AsksClients::Yes
                                    ? runtime::ClientCertificates::Request
                                    : runtime::ClientCertificates::Ignore,
         .client_ca_pem = tls.client_ca_pem,
         .own_client_ca_pem = tls.client_authority.certificate_pem,
         .client_crl_pem = tls.client_crl_pem});
    if (!context) {
        return problem(explain(fmt::format("TLS (tls.certificate = \"{}\", tls.key = \"{}\", "
                                           "tls.client_ca = \"{}\")",
                                           config.tls_certificate_file, config.tls_key_file,
                                           config.tls_client_ca_file),
                               context.error()));
    }
    return *context;
}

}  // namespace

struct Node::Impl {
    Impl(NodeConfig config_in, Log& log_in, NodeDirectory data_in)
        : config(std::move(config_in)), log(log_in), data(std::move(data_in)) {}

    OrProblem<void> open_stores(const StoreTestOptions& test_options);
    OrProblem<void> make_shards();
    void make_access();
    OrProblem<void> make_broker(const StoreTestOptions& test_options);
    OrProblem<void> start_access();
    void set_file_roles(std::vector<access::RoleText> roles);
    OrProblem<void> start_jwt(const NodeConfig& from);
    [[nodiscard]] api::CredentialCounters credential_counters(runtime::Shard& here) const;
    void publish_jwt(const JwksKeeper::Policy& policy);
    void make_api();
    [[nodiscard]] api::NodeFacts facts() const;
    void show_security();
    OrProblem<void> open_listeners();
    OrProblem<void> open_http();
    void go_live();
    OrProblem<void> open_mqtt(const std::optional<runtime::SocketAddress>& address,
                              MqttListenerOptions options,
                              std::vector<std::unique_ptr<MqttListener>>& listeners);
    [[nodiscard]] std::optional<std::vector<runtime::AddressRange>> proxies_of(
        const ListenerConfig& listener) const;
    void drain();

    [[nodiscard]] runtime::Shard& shard(std::uint16_t i) { return shards->shard(ShardId(i)); }

    // In the order of their making; destroyed in the reverse.
    NodeConfig config;
    Log& log;
    NodeDirectory data;
    std::string host = host_name();
    std::string name;
    NodeTls tls;
    crypto::SystemSecrets secrets;
    std::unique_ptr<storage::ControlStore> control;
    std::unique_ptr<storage::MessageStore> messages;
    std::unique_ptr<runtime::ShardGroup> shards;
    std::unique_ptr<runtime::BlockingPool> store_pool;
    std::unique_ptr<runtime::BlockingPool> hash_pool;         // of the console's sign-in
    std::unique_ptr<runtime::BlockingPool> client_hash_pool;  // of MQTT clients
    EventLog events;
    std::vector<std::unique_ptr<EventRelay>> relays;
    std::unique_ptr<access::Registry> registry;
    std::vector<std::unique_ptr<access::TokenAuthenticator>> token_authenticators;
    std::vector<std::unique_ptr<access::RoleAuthorizer>> authorizers;
    access::TryGuard try_guard;
    std::unique_ptr<access::PasswordDesk> passwords;
    std::unique_ptr<access::MachineDesk> machine_desk;
    std::unique_ptr<access::CertificateOffice> certificates;
    std::unique_ptr<JwksKeeper> jwks;
    std::vector<std::unique_ptr<access::ClientAuthenticator>> authenticators;
    std::unique_ptr<access::SessionBook> sessions;
    std::unique_ptr<access::SignIn> sign_in;
    std::unique_ptr<access::Accounts> accounts;
    std::unique_ptr<broker::Broker> broker;
    std::unique_ptr<storage::Journal> journal;
    std::unique_ptr<BackupService> backups;
    std::vector<api::Asset> console;
    std::vector<std::unique_ptr<LoopProbe>> probes;  // one a shard
    std::unique_ptr<BrokerBackend> backend;
    std::unique_ptr<BackupKeeper> keeper;
    std::unique_ptr<api::ApiServer> api;
    std::vector<std::unique_ptr<MqttListener>> mqtt;
    std::vector<std::unique_ptr<MqttListener>> mqtts;
    std::unique_ptr<HttpListener> http;
    ListenPlan plan;
    Addresses addresses;
    std::string claim_link;
    bool is_running = false;
    std::uint64_t recovery_ms = 0;
};

OrProblem<std::unique_ptr<Node>> Node::start(const NodeConfig& config, Log& log,
                                             const StoreTestOptions& test_options) {
    auto data = NodeDirectory::open(config.data_directory);
    if (!data) {
        return tl::unexpected(data.error());
    }
    if (auto locked = data->lock(); !locked) {
        return tl::unexpected(locked.error());
    }
    auto impl = std::make_unique<Impl>(config, log, std::move(*data));
    impl->config.broker.queued_bytes_max = queued_bytes_max(config);
    impl->name = config.name.empty() ? impl->host : config.name;
    auto loaded_tls = load_tls(config, impl->data, impl->host, wall_now());
    if (!loaded_tls) {
        return tl::unexpected(loaded_tls.error());
    }
    impl->tls = std::move(*loaded_tls);
    for (const auto& step : std::initializer_list<std::function<OrProblem<void>()>>{
             [&] { return impl->open_stores(test_options); }, [&] { return impl->make_shards(); },
             [&] { return impl->make_broker(test_options); }, [&] { return impl->start_access(); },
             [&] { return impl->open_listeners(); }}) {
        if (auto done = step(); !done) {
            Node failed(std::move(impl));
            failed.stop();
            return tl::unexpected(done.error());
        }
    }
    impl->go_live();
    return std::unique_ptr<Node>(new Node(std::move(impl)));
}

OrProblem<void> Node::Impl::open_stores(const StoreTestOptions& test_options) {
    auto opened_control =
        storage::open_control_store({.path = data.file("control.db"), .vfs = test_options.vfs});
    if (!opened_control) {
        return problem(explain("cannot open " + data.file("control.db"), opened_control.error()));
    }
    control = std::move(*opened_control);
    auto opened = storage::open_message_store({.path = data.file("messages.db"),
                                               .vfs = test_options.vfs,
                                               .unsafe_no_sync = test_options.unsafe_no_sync});
    if (!opened) {
        return problem(explain("cannot open " + data.file("messages.db"), opened.error()));
    }
    messages = std::move(*opened);
    return {};
}

OrProblem<void> Node::Impl::make_shards() {
    auto made = runtime::make_epoll_shards({.shard_count = worker_count(config)}, log);
    if (!made) {
        return problem(explain("cannot start workers", made.error()));
    }
    shards = std::move(*made);
    store_pool = runtime::make_blocking_pool(1);  // a ControlStore wants one thread
    hash_pool = runtime::make_blocking_pool(1);
    client_hash_pool = runtime::make_blocking_pool(client_hash_threads());
    make_access();
    return {};
}

void Node::Impl::make_access() {
    registry = std::make_unique<access::Registry>(access::RegistryParts{
        .home = shard(0), .store_pool = *store_pool, .store = *control, .secrets = secrets});
    sessions = std::make_unique<access::SessionBook>(secrets);
    sign_in = std::make_unique<access::SignIn>(access::SignInParts{.home = shard(0),
                                                                   .hash_pool = *hash_pool,
                                                                   .registry = *registry,
                                                                   .sessions = *sessions,
                                                                   .guard = try_guard,
                                                                   .secrets = secrets});
    accounts = std::make_unique<access::Accounts>(access::AccountsParts{.home = shard(0),
                                                                        .hash_pool = *hash_pool,
                                                                        .registry = *registry,
                                                                        .guard = try_guard,
                                                                        .secrets = secrets});
    passwords = std::make_unique<access::PasswordDesk>(
        access::PasswordDeskParts{.home = shard(0),
                                  .hash_pool = *client_hash_pool,
                                  .registry = *registry,
                                  .guard = try_guard,
                                  .secrets = secrets});
    machine_desk =
        std::make_unique<access::MachineDesk>(shard(0), *registry, config.certificate_machine);
    certificates = std::make_unique<access::CertificateOffice>(*registry, tls.client_authority);
    jwks = std::make_unique<JwksKeeper>(shard(0), *hash_pool,
                                        [this](JwksKeeper::Policy policy) { publish_jwt(policy); });
    for (std::uint16_t i = 0; i < shards->size(); ++i) {
        token_authenticators.push_back(
            std::make_unique<access::TokenAuthenticator>(shard(i), *registry, ShardId(0)));
        registry->attach(*token_authenticators.back());
        authenticators.push_back(std::make_unique<access::ClientAuthenticator>(
            access::ClientAuthenticatorParts{.shard = shard(i),
                                             .tokens = *token_authenticators.back(),
                                             .desk = *passwords,
                                             .machines = *machine_desk,
                                             .home = ShardId(0),
                                             .secrets = secrets}));
        authorizers.push_back(std::make_unique<access::RoleAuthorizer>(ShardId(i)));
        registry->attach(*authorizers.back());
    }
}

OrProblem<void> Node::Impl::make_broker(const StoreTestOptions& test_options) {
    broker::BrokerParts parts;
    for (std::uint16_t i = 0; i < shards->size(); ++i) {
        relays.push_back(std::make_unique<EventRelay>(shard(i), events));
        parts.shards.push_back(&shard(i));
        parts.authenticators.push_back(authenticators[i].get());
        parts.authorizers.push_back(authorizers[i].get());
        parts.events.push_back(relays.back().get());
    }
    parts.heap_bytes = heap_bytes;
    broker = std::make_unique<broker::Broker>(config.broker, parts);
    // style: a real clock measures a real disk; no decision depends on it.
    const auto recovery_start = std::chrono::steady_clock::now();
    const Status recovered = broker->recover(*messages);
    // style: as above.
    const auto recovery_span = std::chrono::steady_clock::now() - recovery_start;
    recovery_ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(recovery_span).count());
    if (!recovered) {
        return problem(explain("cannot read " + data.file("messages.db"), recovered.error()));
    }
    registry->set_ended_listener([this](const access::EndedPrincipals& ended) {
        for (std::uint16_t i = 0; i < shards->size(); ++i) {
            shard(0).post(ShardId(i), [this, ended](runtime::Shard& here) {
                broker->shard(here.id()).disconnect_principals(
                    [&ended](const bus::Principal& principal) { return ended.has(principal); },
                    "the credential has ended or changed");
            });
        }
    });
    journal = test_options.make_journal
                  ? test_options.make_journal(std::move(messages), shards->size(), *broker, log)
                  : storage::make_writer_journal(std::move(messages), shards->size(), *broker, log);
    broker->start(*journal);
    events.set_log(log);
    events.set_bus(broker->shard(ShardId(0)));
    make_api();
    shards->start();
    is_running = true;
    return {};
}

OrProblem<void> Node::Impl::start_access() {
    auto roles = load_role_file(config.acl_file);
    if (!roles) {
        return tl::unexpected(roles.error());
    }
    set_file_roles(std::move(*roles));
    const auto started =
        ask<Status>(shard(0), [this](runtime::Shard&, const std::function<void(Status)>& answer) {
            registry->start(answer);
        });
    if (!started) {
        return problem(explain("cannot read " + data.file("control.db"), started.error()));
    }
    if (auto keys = start_jwt(config); !keys) {
        return keys;
    }
    // A question to every shard: when it is answered, what recovery told each of the others is
    // known.
    ask<bool>(shard(0), [](runtime::Shard& here, const std::function<void(bool)>& answer) {
        runtime::gather<bool>(
            here, [](runtime::Shard&) { return true; },
            [answer](const std::vector<bool>&) { answer(true); });
    });
    run_on(shard(0), [this](runtime::Shard&) {
        api->start();
        return true;
    });
    for (std::uint16_t i = 0; i < shards->size(); ++i) {
        run_on(shard(i), [this, i](runtime::Shard&) {
            probes[i]->start();
            return true;
        });
    }
    return {};
}

void Node::Impl::set_file_roles(std::vector<access::RoleText> roles) {
    run_on(shard(0), [&](runtime::Shard&) {
        registry->set_file_roles(std::move(roles));
        return true;
    });
}

/// Reads the keys of JSON web tokens, if there is a file of them, and watches it.
OrProblem<void> Node::Impl::start_jwt(const NodeConfig& from) {
    if (from.jwks_file.empty()) {
        return {};
    }
    auto policy = JwksKeeper::load(from.jwks_file, {.issuer = from.jwt_issuer,
                                                    .audience = from.jwt_audience,
                                                    .machine_claim = from.jwt_machine_claim});
    if (!policy) {
        return tl::unexpected(policy.error());
    }
    run_on(shard(0), [this, path = from.jwks_file, keys = *policy](runtime::Shard&) {
        jwks->watch(path, keys);
        return true;
    });
    return {};
}

api::CredentialCounters Node::Impl::credential_counters(runtime::Shard& here) const {
    const access::JwtCounters& jwt = token_authenticators[here.id().value()]->jwt_counters();
    api::CredentialCounters shown{
        .jwt_accepted = jwt.accepted, .jwt_denied = jwt.denied, .jwt_over_limit = jwt.over_limit};
    if (here.id() == ShardId(0)) {  // where these live
        const access::MachineDeskCounters& desk = machine_desk->counters();
        shown.jwks_failures = jwks->failure_count();
        shown.certificates_accepted = desk.certificates_accepted;
        shown.certificates_denied = desk.certificates_denied;
        shown.certificates_revoked = desk.certificates_revoked;
    }
    return shown;
}

/// On the first shard.
void Node::Impl::publish_jwt(const JwksKeeper::Policy& policy) {
    token_authenticators.front()->set_jwt(policy);
    for (std::uint16_t i = 1; i < shards->size(); ++i) {
        shard(0).post(ShardId(i), [this, i, policy](runtime::Shard&) {
            token_authenticators[i]->set_jwt(policy);
        });
    }
}

OrProblem<void> Node::Impl::open_listeners() {
    auto planned = plan_listeners(config);
    if (!planned) {
        return tl::unexpected(planned.error());
    }
    plan = *planned;
    auto mqtt_tls = make_tls(config, tls, AsksClients::Yes);
    if (!mqtt_tls) {
        return tl::unexpected(mqtt_tls.error());
    }
    if (auto opened = open_mqtt(plan.mqtt,
                                {.address = {},
                                 .tls = nullptr,
                                 .anonymous = config.anonymous,
                                 .proxies = proxies_of(config.mqtt)},
                                mqtt);
        !opened) {
        return opened;
    }
    if (auto opened = open_mqtt(plan.mqtts,
                                {.address = {},
                                 .tls = *mqtt_tls,
                                 .anonymous = false,
                                 .proxies = proxies_of(config.mqtts)},
                                mqtts);
        !opened) {
        return opened;
    }
    const auto first_address = [](const auto& listeners) {
        return listeners.empty() ? std::nullopt : std::optional(listeners.front()->address());
    };
    addresses.mqtt = first_address(mqtt);
    addresses.mqtts = first_address(mqtts);
    auto started = BackupService::start(data, *journal, log);
    if (!started) {
        return tl::unexpected(started.error());
    }
    backups = std::move(*started);
    return open_http();
}

OrProblem<void> Node::Impl::open_http() {
    if (!plan.http) {
        return {};
    }
    std::shared_ptr<runtime::TlsContext> context;
    if (plan.http_uses_tls) {
        auto made = make_tls(config, tls, AsksClients::No);
        if (!made) {
            return tl::unexpected(made.error());
        }
        context = *made;
    }
    using Opened = std::shared_ptr<Result<std::unique_ptr<HttpListener>>>;
    const Opened opened = run_on(shard(0), [&](runtime::Shard& here) {
        return std::make_shared<Result<std::unique_ptr<HttpListener>>>(HttpListener::open(
            here, *api,
            {.address = *plan.http, .tls = context, .proxies = proxies_of(config.http)}));
    });
    if (!*opened) {
        return problem(explain("cannot listen on " + plan.http->to_string(), opened->error()));
    }
    http = std::move(**opened);
    addresses.http = http->address();
    return {};
}

void Node::Impl::make_api() {
    console = console_files();
    std::vector<const LoopProbe*> probe_list;
    for (std::uint16_t i = 0; i < shards->size(); ++i) {
        probes.push_back(std::make_unique<LoopProbe>(shard(i)));
        probe_list.push_back(probes.back().get());
    }
    backend = std::make_unique<BrokerBackend>(BackendParts{
        .shard = shard(0),
        .broker = *broker,
        .journal = *journal,
        .events = events,
        .store_files = {data.file("messages.db"), data.file("messages.db-wal"),
                        data.file("control.db"), data.file("control.db-wal")},
        .data_directory = data.path(),
        .credentials = [this](runtime::Shard& here) { return credential_counters(here); },
        .probes = probe_list});
    std::vector<std::string> hosts = config.names;
    hosts.push_back(host);
    keeper =
        std::make_unique<BackupKeeper>(shard(0),
                                       BackupKeeperOptions{.data_directory = data.path(),
                                                           .directory = config.backup_directory,
                                                           .kept_count = config.backups_kept},
                                       log);
    api = std::make_unique<api::ApiServer>(
        api::ApiParts{
            .shard = shard(0),
            .backend = *backend,
            .registry = *registry,
            .sign_in = *sign_in,
            .accounts = *accounts,
            .passwords = *passwords,
            .sessions = *sessions,
            .certificates = *certificates,
            .authenticator = *token_authenticators.front(),
            .accept_mqtt =
                [this](std::unique_ptr<runtime::Stream> stream, broker::AcceptOptions options) {
                    broker->shard(ShardId(0)).accept(std::move(stream), std::move(options));
                },
            .ticks_us =
                [] {
                    return static_cast<std::uint64_t>(
                        std::chrono::duration_cast<std::chrono::microseconds>(
                            std::chrono::steady_clock::now().time_since_epoch())
                            .count());
                },
            .backups = *keeper},
        api::ApiOptions{.hosts = hosts,
                        .ca_pem = tls.authority_pem,
                        .assets = console,
                        .proxies = address_ranges(config.proxy_trusted)});
    events.set_listener([this](const NodeEvent& event) {
        if (event.kind == "store_degraded" || event.kind == "store_healthy") {
            backend->set_store_state(event.kind == "store_healthy", event.reason);
        }
        if (event.is_sign_in) {
            registry->note_refused({.who = "client:" + event.client_id,
                                    .from_address = host_of(event.address),
                                    .why = event.reason});
        }
        api->on_event(to_api_event(event));
    });
}

api::NodeFacts Node::Impl::facts() const {
    api::NodeFacts facts{.name = name,
                         .version = std::string(version()),
                         .started_at = wall_now(),
                         .shard_count = shards->size(),
                         .process_id = ::getpid(),
                         .listeners = {},
                         .hosts = config.names,
                         .limits = {}};
    facts.recovery_ms = recovery_ms;
    facts.hosts.push_back(host);
    const auto add = [&](const char* kind, const auto& address, bool is_tls,
                         const ListenerConfig& listener) {
        if (address) {
            facts.listeners.push_back(
                {.kind = kind,
                 .address = address->to_string(),
                 .is_tls = is_tls,
                 .is_insecure = !is_tls && listener.insecure && !address->is_loopback(),
                 .allows_anonymous = config.anonymous && std::string_view(kind) == "mqtt",
                 .is_behind_proxy = listener.proxy_protocol});
        }
    };
    add("mqtt", addresses.mqtt, false, config.mqtt);
    add("mqtts", addresses.mqtts, true, config.mqtts);
    add("http", addresses.http, plan.http_uses_tls, config.http);
    const broker::BrokerOptions& options = config.broker;
    facts.limits = {{"packet_bytes_max", options.packet_bytes_max},
                    {"connections_max", options.connections_max},
                    {"sessions_max", options.sessions_max},
                    {"session_queue_messages_max", options.session_queue_messages_max},
                    {"session_queue_bytes_max", options.session_queue_bytes_max},
                    {"retained_messages_max", options.retained_messages_max},
                    {"subscriptions_per_session_max", options.subscriptions_per_session_max}};
    return facts;
}

/// On the first shard.
void Node::Impl::show_security() {
    backend->set_security({.certificates = certificate_statuses(tls),
                           .exposed_files = {},
                           .log_level = std::string(to_string(config.log_level))});
}

/// Everything is open: says so, and lets the first user in by the claim link.
void Node::Impl::go_live() {
    const std::string code = run_on(shard(0), [this](runtime::Shard&) {
        backend->set_facts(facts());
        show_security();
        backend->set_ready();
        return registry->users().empty() && addresses.http ? sign_in->issue_claim_code()
                                                           : std::string();
    });
    if (!code.empty()) {
        claim_link = fmt::format("{}://{}/claim#{}", plan.http_uses_tls ? "https" : "http",
                                 addresses.http->to_string(), code);
    }
}

/// On every shard. The first one may take a free port, which the others then share.
OrProblem<void> Node::Impl::open_mqtt(const std::optional<runtime::SocketAddress>& address,
                                      MqttListenerOptions options,
                                      std::vector<std::unique_ptr<MqttListener>>& listeners) {
    if (!address) {
        return {};
    }
    runtime::SocketAddress at = *address;
    const Status is_free = run_on(
        shard(0), [&at](runtime::Shard& here) { return MqttListener::check_free(here, at); });
    if (!is_free) {
        return problem(explain("cannot listen on " + at.to_string(), is_free.error()));
    }
    options.address = at;
    for (std::uint16_t i = 0; i < shards->size(); ++i) {
        using Opened = std::shared_ptr<Result<std::unique_ptr<MqttListener>>>;
        const Opened opened = run_on(shard(i), [&, i](runtime::Shard& here) {
            return std::make_shared<Result<std::unique_ptr<MqttListener>>>(
                MqttListener::open(here, broker->shard(ShardId(i)), options));
        });
        if (!*opened) {
            return problem(explain("cannot listen on " + at.to_string(), opened->error()));
        }
        listeners.push_back(std::move(**opened));
        options.address = listeners.back()->address();
    }
    return {};
}

/// Nothing for a listener that clients reach directly.
std::optional<std::vector<runtime::AddressRange>> Node::Impl::proxies_of(
    const ListenerConfig& listener) const {
    return listener.proxy_protocol ? std::optional(address_ranges(config.proxy_trusted))
                                   : std::nullopt;
}

Node::Node(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Node::~Node() {
    stop();
}

const std::string& Node::name() const {
    return impl_->name;
}

const Node::Addresses& Node::addresses() const {
    return impl_->addresses;
}

const std::string& Node::claim_link() const {
    return impl_->claim_link;
}

OrProblem<void> Node::reload(const NodeConfig& config) {
    // All or nothing: what can fail comes first.
    auto roles = load_role_file(config.acl_file);
    if (!roles) {
        run_on(impl_->shard(0), [&](runtime::Shard&) {
            impl_->registry->set_file_problem(roles.error().text);
            return true;
        });
        return tl::unexpected(roles.error());
    }
    auto loaded = load_tls(config, impl_->data, impl_->host, wall_now());
    if (!loaded) {
        return tl::unexpected(loaded.error());
    }
    auto mqtt_tls = make_tls(config, *loaded, AsksClients::Yes);
    auto http_tls = make_tls(config, *loaded, AsksClients::No);
    if (!mqtt_tls || !http_tls) {
        return tl::unexpected(mqtt_tls ? http_tls.error() : mqtt_tls.error());
    }
    // Whether and for whom tokens are taken stays as it was; the keys are read anew.
    if (auto keys = impl_->start_jwt(impl_->config); !keys) {
        return keys;
    }
    broker::BrokerOptions wanted = config.broker;
    wanted.queued_bytes_max = queued_bytes_max(config);
    impl_->config.broker = broker::reloaded(impl_->config.broker, wanted);
    impl_->broker->set_options(impl_->config.broker);
    for (std::uint16_t i = 0; i < impl_->shards->size(); ++i) {
        run_on(impl_->shard(i), [this, i](runtime::Shard&) {
            impl_->broker->shard(ShardId(i)).set_options(impl_->config.broker);
            return true;
        });
    }
    impl_->set_file_roles(std::move(*roles));
    impl_->log.set_level(config.log_level);
    impl_->config.log_level = config.log_level;
    impl_->tls = std::move(*loaded);
    run_on(impl_->shard(0), [this](runtime::Shard&) {
        impl_->show_security();
        return true;
    });
    for (std::uint16_t i = 0; i < impl_->mqtts.size(); ++i) {
        run_on(impl_->shard(i), [&, i](runtime::Shard&) {
            impl_->mqtts[i]->set_tls(*mqtt_tls);
            return true;
        });
    }
    if (impl_->http != nullptr && impl_->http->is_tls()) {
        run_on(impl_->shard(0), [&](runtime::Shard&) {
            impl_->http->set_tls(*http_tls);
            return true;
        });
    }
    return {};
}

void Node::Impl::drain() {
    run_on(shard(0), [this](runtime::Shard&) {
        http.reset();
        api->drain();
        return true;
    });
    for (std::uint16_t i = 0; i < shards->size(); ++i) {
        run_on(shard(i), [this, i](runtime::Shard&) {
            for (auto* listeners : {&mqtt, &mqtts}) {
                if (i < listeners->size()) {
                    (*listeners)[i].reset();
                }
            }
            broker->shard(ShardId(i)).disconnect_all();
            return true;
        });
    }
    const auto deadline = std::chrono::steady_clock::now() + kDrainTime;
    for (;;) {
        bool is_idle = true;
        for (std::uint16_t i = 0; i < shards->size(); ++i) {
            is_idle &= run_on(shard(i), [this, i](runtime::Shard&) {
                return broker->shard(ShardId(i)).is_idle();
            });
        }
        if (is_idle || std::chrono::steady_clock::now() >= deadline) {
            return;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

void Node::stop() {
    if (impl_ == nullptr || !impl_->is_running) {
        return;
    }
    impl_->is_running = false;
    if (impl_->keeper != nullptr) {
        impl_->keeper->stop();
    }
    impl_->drain();
    impl_->shards->stop();
    impl_->backups.reset();
    impl_->journal.reset();  // commits what was submitted
}

}  // namespace kith::node

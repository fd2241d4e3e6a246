#include "node/detail/listener_pillar.h"

#include "runtime/tls.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace kith::node {
namespace {

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

OrProblem<void> ListenerPillar::start() {
    const NodeConfig& config = ground_.config;
    auto planned = plan_listeners(config);
    if (!planned) {
        return tl::unexpected(planned.error());
    }
    plan_ = *planned;
    auto mqtt_tls = make_tls(config, ground_.tls, AsksClients::Yes);
    if (!mqtt_tls) {
        return tl::unexpected(mqtt_tls.error());
    }
    if (auto opened = open_mqtt(plan_.mqtt,
                                {.address = {},
                                 .tls = nullptr,
                                 .anonymous = config.anonymous,
                                 .proxies = proxies_of(config.mqtt)},
                                mqtt_);
        !opened) {
        return opened;
    }
    if (auto opened = open_mqtt(plan_.mqtts,
                                {.address = {},
                                 .tls = *mqtt_tls,
                                 .anonymous = false,
                                 .proxies = proxies_of(config.mqtts)},
                                mqtts_);
        !opened) {
        return opened;
    }
    const auto first_address = [](const MqttListeners& listeners) {
        return listeners.empty() ? std::nullopt : std::optional(listeners.front()->address());
    };
    addresses_.mqtt = first_address(mqtt_);
    addresses_.mqtts = first_address(mqtts_);
    return open_http();
}

/// On every shard. The first one may take a free port, which the others then share.
OrProblem<void> ListenerPillar::open_mqtt(const std::optional<runtime::SocketAddress>& address,
                                          MqttListenerOptions options, MqttListeners& listeners) {
    if (!address) {
        return {};
    }
    runtime::SocketAddress at = *address;
    const Status is_free = run_on(
        ground_.home(), [&at](runtime::Shard& here) { return MqttListener::check_free(here, at); });
    if (!is_free) {
        return problem(explain("cannot listen on " + at.to_string(), is_free.error()));
    }
    options.address = at;
    for (std::uint16_t i = 0; i < ground_.shards->size(); ++i) {
        using Opened = std::shared_ptr<Result<std::unique_ptr<MqttListener>>>;
        const Opened opened = run_on(ground_.shard(i), [&](runtime::Shard& here) {
            return std::make_shared<Result<std::unique_ptr<MqttListener>>>(
                MqttListener::open(here, broker_.broker->shard(here.id()), options));
        });
        if (!*opened) {
            return problem(explain("cannot listen on " + at.to_string(), opened->error()));
        }
        listeners.push_back(std::move(**opened));
        options.address = listeners.back()->address();
    }
    return {};
}

OrProblem<void> ListenerPillar::open_http() {
    if (!plan_.http) {
        return {};
    }
    std::shared_ptr<runtime::TlsContext> context;
    if (plan_.http_uses_tls) {
        auto made = make_tls(ground_.config, ground_.tls, AsksClients::No);
        if (!made) {
            return tl::unexpected(made.error());
        }
        context = *made;
    }
    using Opened = std::shared_ptr<Result<std::unique_ptr<HttpListener>>>;
    const Opened opened = run_on(ground_.home(), [&](runtime::Shard& here) {
        return std::make_shared<Result<std::unique_ptr<HttpListener>>>(HttpListener::open(
            here, api_.server(),
            {.address = *plan_.http, .tls = context, .proxies = proxies_of(ground_.config.http)}));
    });
    if (!*opened) {
        return problem(explain("cannot listen on " + plan_.http->to_string(), opened->error()));
    }
    http_ = std::move(**opened);
    addresses_.http = http_->address();
    return {};
}

/// Nothing for a listener that clients reach directly.
std::optional<std::vector<runtime::AddressRange>> ListenerPillar::proxies_of(
    const ListenerConfig& listener) const {
    return listener.proxy_protocol ? std::optional(address_ranges(ground_.config.proxy_trusted))
                                   : std::nullopt;
}

std::string ListenerPillar::console_url() const {
    return addresses_.http ? fmt::format("{}://{}", plan_.http_uses_tls ? "https" : "http",
                                         addresses_.http->to_string())
                           : std::string();
}

std::vector<api::ListenerFacts> ListenerPillar::facts() const {
    const NodeConfig& config = ground_.config;
    std::vector<api::ListenerFacts> facts;
    const auto add = [&](const char* kind, const auto& address, bool is_tls,
                         const ListenerConfig& listener) {
        if (address) {
            facts.push_back(
                {.kind = kind,
                 .address = address->to_string(),
                 .is_tls = is_tls,
                 .is_insecure = !is_tls && listener.insecure && !address->is_loopback(),
                 .allows_anonymous = config.anonymous && std::string_view(kind) == "mqtt",
                 .is_behind_proxy = listener.proxy_protocol});
        }
    };
    add("mqtt", addresses_.mqtt, false, config.mqtt);
    add("mqtts", addresses_.mqtts, true, config.mqtts);
    add("http", addresses_.http, plan_.http_uses_tls, config.http);
    return facts;
}

/// For the connections to come.
OrProblem<TakeUp> ListenerPillar::reload(const Renewal& renewal) {
    auto mqtt_tls = make_tls(renewal.config, renewal.tls, AsksClients::Yes);
    auto http_tls = make_tls(renewal.config, renewal.tls, AsksClients::No);
    if (!mqtt_tls || !http_tls) {
        return tl::unexpected(mqtt_tls ? http_tls.error() : mqtt_tls.error());
    }
    return TakeUp([this, mqtt_tls = *mqtt_tls, http_tls = *http_tls] {
        if (!mqtts_.empty()) {
            ground_.on_each_shard(
                [&](runtime::Shard&, std::uint16_t i) { mqtts_[i]->set_tls(mqtt_tls); });
        }
        if (http_ != nullptr && http_->is_tls()) {
            ground_.at_home([&] { http_->set_tls(http_tls); });
        }
    });
}

void ListenerPillar::drain() {
    ground_.at_home([this] { http_.reset(); });
    // Those that start() did not come to open are not there.
    ground_.on_each_shard([this](runtime::Shard&, std::uint16_t i) {
        for (MqttListeners* listeners : {&mqtt_, &mqtts_}) {
            if (i < listeners->size()) {
                (*listeners)[i].reset();
            }
        }
    });
}

}  // namespace kith::node

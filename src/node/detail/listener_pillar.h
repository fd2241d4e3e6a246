// The ports by which clients come in: MQTT on every shard, HTTP on the first.
//
// The last pillar: nobody is let in before everything that was promised is back.
// Threads: those of pillar.h.
#pragma once

#include "api/backend.h"
#include "node/detail/api_pillar.h"
#include "node/detail/broker_pillar.h"
#include "node/detail/ground.h"
#include "node/detail/pillar.h"
#include "node/http_listener.h"
#include "node/listen_rules.h"
#include "node/mqtt_listener.h"
#include "node/node.h"

#include <memory>
#include <optional>
#include <vector>

namespace kith::node {

class ListenerPillar final : public Pillar {
  public:
    ListenerPillar(Ground& ground, BrokerPillar& broker, ApiPillar& api)
        : ground_(ground), broker_(broker), api_(api) {}

    [[nodiscard]] OrProblem<void> start() override;
    [[nodiscard]] OrProblem<TakeUp> reload(const Renewal& renewal) override;
    void drain() override;

    [[nodiscard]] const Node::Addresses& addresses() const { return addresses_; }
    /// Where people find the console, "https://127.0.0.1:8080"; empty without an HTTP port.
    [[nodiscard]] std::string console_url() const;
    [[nodiscard]] std::vector<api::ListenerFacts> facts() const;

  private:
    using MqttListeners = std::vector<std::unique_ptr<MqttListener>>;  // one a shard

    [[nodiscard]] OrProblem<void> open_mqtt(const std::optional<runtime::SocketAddress>& address,
                                            MqttListenerOptions options, MqttListeners& listeners);
    [[nodiscard]] OrProblem<void> open_http();
    [[nodiscard]] std::optional<std::vector<runtime::AddressRange>> proxies_of(
        const ListenerConfig& listener) const;

    Ground& ground_;
    BrokerPillar& broker_;
    ApiPillar& api_;
    ListenPlan plan_;
    Node::Addresses addresses_;
    MqttListeners mqtt_;
    MqttListeners mqtts_;
    std::unique_ptr<HttpListener> http_;
};

}  // namespace kith::node

#include "node/listen_rules.h"

#include <fmt/format.h>

namespace kith::node {
namespace {

std::optional<runtime::SocketAddress> address_of(const ListenerConfig& listener) {
    if (!listener.is_on()) {
        return std::nullopt;
    }
    // The configuration has checked the text.
    return runtime::SocketAddress::parse(listener.address).value();
}

}  // namespace

OrProblem<ListenPlan> plan_listeners(const NodeConfig& config) {
    ListenPlan plan{.mqtt = address_of(config.mqtt),
                    .mqtts = address_of(config.mqtts),
                    .http = address_of(config.http)};
    if (plan.mqtt && !plan.mqtt->is_loopback() && !config.mqtt.insecure) {
        return problem(fmt::format(
            "mqtt.address {} can be reached from other hosts without TLS. Use mqtts.address "
            "for them, or set mqtt.insecure = true if that is what you want",
            plan.mqtt->to_string()));
    }
    plan.http_uses_tls = plan.http && !plan.http->is_loopback() && !config.http.insecure;
    return plan;
}

}  // namespace kith::node

#include "node/mqtt_listener.h"

namespace kith::node {
namespace {

/// Who connects while the address is only tried is turned away.
class NoClients final : public runtime::AcceptHandler {
  public:
    void on_accept(std::unique_ptr<runtime::Stream>) override {}
};

}  // namespace

Status MqttListener::check_free(runtime::Shard& shard, const runtime::SocketAddress& address) {
    NoClients nobody;
    TRY(shard.network().listen({.address = address, .shared = false}, nobody));
    return {};
}

Result<std::unique_ptr<MqttListener>> MqttListener::open(runtime::Shard& shard,
                                                         broker::BrokerShard& broker,
                                                         MqttListenerOptions options) {
    std::unique_ptr<MqttListener> made(new MqttListener(shard, broker, std::move(options)));
    TRY_ASSIGN(made->listener_,
               shard.network().listen({.address = made->options_.address, .shared = true}, *made));
    return made;
}

void MqttListener::on_accept(std::unique_ptr<runtime::Stream> stream) {
    // Only raw TCP from this host: what comes through TLS may have come through a tunnel.
    const bool allow_anonymous =
        options_.anonymous && options_.tls == nullptr && stream->info().remote.is_loopback();
    if (options_.tls != nullptr) {
        stream = runtime::TlsContext::wrap(options_.tls, std::move(stream), shard_);
    }
    broker_.accept(std::move(stream), {.allow_anonymous = allow_anonymous});
}

}  // namespace kith::node

#include "node/mqtt_listener.h"

#include "node/tls_wrap.h"

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

MqttListener::MqttListener(runtime::Shard& shard, broker::BrokerShard& broker,
                           MqttListenerOptions options)
    : shard_(shard), broker_(broker), options_(std::move(options)) {
    if (options_.proxies) {
        gate_ = std::make_unique<ProxyGate>(
            shard_, *options_.proxies,
            [this](std::unique_ptr<runtime::Stream> stream) { serve(std::move(stream)); });
    }
}

void MqttListener::on_accept(std::unique_ptr<runtime::Stream> stream) {
    if (gate_ != nullptr) {
        gate_->accept(std::move(stream));
    } else {
        serve(std::move(stream));
    }
}

void MqttListener::serve(std::unique_ptr<runtime::Stream> stream) {
    // Only raw TCP from this host: what comes through TLS may have come through a tunnel, and what
    // comes through a proxy has come from elsewhere.
    const runtime::StreamInfo from = stream->info();
    const bool allow_anonymous = options_.anonymous && options_.tls == nullptr &&
                                 from.remote.is_loopback() && !from.is_proxied;
    if (options_.tls != nullptr) {
        stream = wrap_tls(options_.tls, std::move(stream), shard_);
        if (stream == nullptr) {
            return;
        }
    }
    broker_.accept(std::move(stream), {.allow_anonymous = allow_anonymous});
}

}  // namespace kith::node

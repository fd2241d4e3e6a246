#include "node/http_listener.h"

#include "node/tls_wrap.h"

#include <utility>

namespace kith::node {

HttpListener::HttpListener(runtime::Shard& shard, api::ApiServer& server,
                           HttpListenerOptions options)
    : shard_(shard), server_(server), options_(std::move(options)) {
    if (options_.proxies) {
        gate_ = std::make_unique<ProxyGate>(
            shard_, *options_.proxies,
            [this](std::unique_ptr<runtime::Stream> stream) { serve(std::move(stream)); });
    }
}

Result<std::unique_ptr<HttpListener>> HttpListener::open(runtime::Shard& shard,
                                                         api::ApiServer& server,
                                                         HttpListenerOptions options) {
    std::unique_ptr<HttpListener> made(new HttpListener(shard, server, std::move(options)));
    TRY_ASSIGN(made->listener_, shard.network().listen({.address = made->options_.address}, *made));
    return made;
}

void HttpListener::on_accept(std::unique_ptr<runtime::Stream> stream) {
    if (gate_ != nullptr) {
        gate_->accept(std::move(stream));
    } else {
        serve(std::move(stream));
    }
}

void HttpListener::serve(std::unique_ptr<runtime::Stream> stream) {
    if (options_.tls != nullptr) {
        stream = wrap_tls(options_.tls, std::move(stream), shard_);
    }
    if (stream != nullptr) {
        server_.accept(std::move(stream));
    }
}

}  // namespace kith::node

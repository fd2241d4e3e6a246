#include "node/http_listener.h"

#include <utility>

namespace kith::node {

Result<std::unique_ptr<HttpListener>> HttpListener::open(runtime::Shard& shard,
                                                         api::ApiServer& server,
                                                         const runtime::SocketAddress& address,
                                                         std::shared_ptr<runtime::TlsContext> tls) {
    std::unique_ptr<HttpListener> made(new HttpListener(shard, server, std::move(tls)));
    TRY_ASSIGN(made->listener_, shard.network().listen({.address = address}, *made));
    return made;
}

void HttpListener::on_accept(std::unique_ptr<runtime::Stream> stream) {
    if (tls_ != nullptr) {
        stream = runtime::TlsContext::wrap(tls_, std::move(stream), shard_);
    }
    server_.accept(std::move(stream));
}

}  // namespace kith::node

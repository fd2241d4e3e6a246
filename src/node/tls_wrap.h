// TLS for a connection that a listener has accepted, as long as there is room for its handshake.
#pragma once

#include "runtime/limits.h"
#include "runtime/shard.h"
#include "runtime/tls.h"

#include <memory>
#include <utility>

namespace kith::node {

/// Null, and the connection closed and counted, if kTlsHandshakesMax are under way on this shard: a
/// peer that does not speak TLS yet can be told nothing.
[[nodiscard]] inline std::unique_ptr<runtime::Stream> wrap_tls(
    std::shared_ptr<runtime::TlsContext> tls, std::unique_ptr<runtime::Stream> stream,
    runtime::Shard& shard) {
    if (shard.counters().tls_handshakes_open >= runtime::kTlsHandshakesMax) {
        ++shard.counters().tls_handshakes_refused;
        stream->abort();
        return nullptr;
    }
    return runtime::TlsContext::wrap(std::move(tls), std::move(stream), shard);
}

}  // namespace kith::node

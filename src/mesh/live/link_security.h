// What makes a stream a link of the mesh: how it is protected, and who is at its other end.
//
// Injected, so that the same host runs over TLS, over plain streams in a simulation, and over
// whatever else proves an identity. Threads: shard-local.
#pragma once

#include <memory>

#include "base/result.h"
#include "mesh/ports.h"
#include "runtime/shard.h"
#include "runtime/stream.h"

namespace kith::mesh {

class LinkSecurity {
  public:
    /// Of a connection that this node has begun, or that it has accepted. Not null.
    [[nodiscard]] virtual std::unique_ptr<runtime::Stream> wrap_dialled(
        std::unique_ptr<runtime::Stream> stream, runtime::Shard& shard) = 0;
    [[nodiscard]] virtual std::unique_ptr<runtime::Stream> wrap_accepted(
        std::unique_ptr<runtime::Stream> stream, runtime::Shard& shard) = 0;
    /// False: an accepted stream is ready at once, and its on_connected() does not come.
    [[nodiscard]] virtual bool has_handshake() const = 0;

    /// Of a stream that is ready. Errors: Denied for one that is no member of this mesh.
    [[nodiscard]] virtual Result<LinkPeer> identify(const runtime::StreamInfo& info) const = 0;
    /// Whether an accepted stream that is ready is no link, but somebody who wants to be let in.
    [[nodiscard]] virtual bool is_newcomer(const runtime::StreamInfo&) const { return false; }

  protected:
    ~LinkSecurity() = default;
};

}  // namespace kith::mesh

// TCP connections to services that other nodes of the mesh reach, as the API asks for them; the
// node makes them (node/detail/mesh_forwarding.h).
//
// Threads: shard-local (the API's shard). Limits: those of mesh/live/limits.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "runtime/stream.h"

namespace kith::api {

/// Why there is none, for people.
struct MeshForwardRefusal {
    enum class Kind : std::uint8_t {
        Invalid,      // what was asked for
        UnknownNode,  // or one of several
        NotAllowed,   // by that node
        NoWay,        // to it
        Service,      // does not answer there
        TooMany,
        Off,  // no mesh
    };
    Kind kind = Kind::Off;
    std::string text;
};

/// Takes the stream of who asked, behind the answer, and what has come of it already.
using MeshForwardTake = std::function<void(std::unique_ptr<runtime::Stream>, std::string)>;

/// `to` is NODE:HOST:PORT, of a node's id or name. The callback is called once, in this turn or a
/// later one; if what it is given goes unused, the connection ends.
using OpenMeshForward = std::function<void(
    const std::string& to, std::function<void(tl::expected<MeshForwardTake, MeshForwardRefusal>)>)>;

}  // namespace kith::api

// Founds a mesh, joins one, lets nodes in and puts them out, on request: the node's side of
// api/mesh_office.h.
//
// As `kith mesh` does it, with the same files, which are read and written on the pool under the
// lock that it takes. The running mesh is told to look at them. Threads: shard-local (the API's
// shard). Limits: those of mesh/trust/invites.h.
#pragma once

#include "api/mesh_office.h"
#include "mesh/trust/mesh_directory.h"
#include "runtime/blocking_pool.h"
#include "runtime/shard.h"

#include <functional>
#include <string>
#include <vector>

namespace kith::node {

struct MeshOfficeParts {
    std::string data_directory;
    /// On the shard: where others reach this node, HOST:PORT.
    std::function<std::vector<std::string>()> addresses;
    /// On the shard: the files say something new.
    std::function<void()> on_changed;
};

class MeshOffice final : public api::MeshOffice {
  public:
    /// Requires: both outlive it; `shard` does not run any more when it goes.
    MeshOffice(runtime::Shard& shard, runtime::BlockingPool& pool, MeshOfficeParts parts);

    // api::MeshOffice
    void found(const std::string& name,
               std::function<void(api::OrMeshRefusal<void>)> done) override;
    void join(const std::string& token, const std::string& name,
              std::function<void(api::OrMeshRefusal<void>)> done) override;
    void look_up(std::function<void(api::OrMeshRefusal<api::MeshRegister>)> done) override;
    void invite(const api::MeshInviteTerms& terms,
                std::function<void(api::OrMeshRefusal<api::NewMeshInvite>)> done) override;
    void revoke(const std::string& node,
                std::function<void(api::OrMeshRefusal<void>)> done) override;

  private:
    /// Runs `work`, and says that the files have changed if it has done what it was to do.
    void change(std::function<api::OrMeshRefusal<void>()> work,
                std::function<void(api::OrMeshRefusal<void>)> done);
    /// Runs `work` on the pool's thread, and `done` with what it returned on the shard.
    template <typename T>
    void run(std::function<api::OrMeshRefusal<T>()> work,
             std::function<void(api::OrMeshRefusal<T>)> done);

    runtime::Shard& shard_;
    runtime::BlockingPool& pool_;
    const MeshOfficeParts parts_;
};

}  // namespace kith::node

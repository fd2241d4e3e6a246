// One block of bytes for all nodes that keep the same record: of 1,000 nodes, each knows the
// records of all, and without it a million copies would be what is measured.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include "mesh/ports.h"

namespace kith::sim {

class RecordShelf final : public mesh::RecordPool {
  public:
    [[nodiscard]] SharedBytes share(Bytes told) override;

    [[nodiscard]] std::size_t size() const { return blocks_.size(); }

  private:
    /// Forgets what nobody keeps any more.
    void sweep();

    boost::unordered_flat_map<std::uint64_t, SharedBytes> blocks_;  // by hash of the bytes
    std::size_t sweep_at_ = 1024;
};

}  // namespace kith::sim

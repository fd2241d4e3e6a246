// Answers newcomers in the place of a node: a member with the mesh's authority, for as long as a
// command runs. It also repeats a pairing offer on all networks.
//
// Threads: a shard of its own; made and destroyed by the main thread.
#pragma once

#include "mesh/leaf/leaf.h"
#include "runtime/blocking_pool.h"
#include "runtime/shard_group.h"
#include "sdk/kith/outcome.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace kith::cli {

class MeshDesk final : private mesh::LeafOwner {
  public:
    MeshDesk() = default;
    ~MeshDesk();

    /// A thread, for offers alone. Errors: Limit.
    [[nodiscard]] Done start();
    /// And a member that lets in, on any port. Requires: start(); nothing runs on `data`. Errors:
    /// Invalid, with what keeps it from that.
    [[nodiscard]] Done open(const std::string& data);
    /// Where newcomers reach it. Requires: open().
    [[nodiscard]] const std::vector<std::string>& locators() const { return locators_; }
    /// From now on, again and again. Requires: start().
    void offer(std::vector<std::uint8_t> datagram);
    /// Somebody of the mesh is linked to it.
    [[nodiscard]] bool is_linked() const { return is_linked_.load(); }

  private:
    void on_leaf_state(mesh::LeafState state, const std::string& why) override;
    void on_leaf_message(const mesh::LeafMessage&) override {}
    void on_leaf_pairing_code(const std::string&) override {}
    void send_offer();

    Log log_;
    std::unique_ptr<runtime::BlockingPool> pool_;
    std::unique_ptr<runtime::ShardGroup> shards_;
    std::unique_ptr<mesh::Leaf> leaf_;
    std::unique_ptr<mesh::PairingPort> port_;
    std::vector<std::uint8_t> offer_;
    runtime::CallbackTimer again_{[this](Instant) { send_offer(); }};
    std::function<void(Done)> opened_;  // until it is told
    std::vector<std::string> locators_;
    std::atomic<bool> is_linked_ = false;
};

class EndOfRun;
struct MeshOptions;

/// Prints who joins by this invite, until it is used up, has ended, or Ctrl-C. Returns the exit
/// status.
int serve_invite(const MeshOptions& options, MeshDesk& desk, mesh::InviteId id, EndOfRun& end);

}  // namespace kith::cli
